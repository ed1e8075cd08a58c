import { maskEmail, maskPhone } from '../domain/mask.ts';

const lengthMax = 300;

/**
 * What a provider said, fit for records and logs: one line, at most 300 characters, no control characters, and
 * every address in it masked (providers like to quote the recipient, or the whole header).
 */
export function cleanReply(text: string): string {
  return text
    .slice(0, 10 * lengthMax)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, (address) => maskEmail(address))
    .replace(/(?<!\w)\+?\d{7,15}(?!\w)/g, (digits) =>
      maskPhone(digits.startsWith('+') ? digits : `+${digits}`),
    )
    .trim()
    .slice(0, lengthMax);
}
