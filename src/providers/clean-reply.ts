import { type Channel, channels } from '../domain/channel.ts';
import { maskEmail, maskPhone } from '../domain/mask.ts';

const lengthMax = 300;

/**
 * What a provider said, fit for records and logs: one line, at most 300 characters, no control characters, and
 * every address in it masked (providers like to quote the recipient, or the whole header).
 */
export function cleanReply(text: string): string {
  const line = text.slice(0, 10 * lengthMax).replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ');
  const masked = channels.reduce((some, channel) => maskWithin[channel](some), line);
  return masked.trim().slice(0, lengthMax);
}

/** Masks every address of the channel in a text, in the forms in which providers quote them. */
const maskWithin: Readonly<Record<Channel, (text: string) => string>> = {
  email: (text) => text.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, (address) => maskEmail(address)),
  sms: (text) =>
    text.replace(/(?<!\w)\+?\d{7,15}(?!\w)/g, (digits) =>
      maskPhone(digits.startsWith('+') ? digits : `+${digits}`),
    ),
};
