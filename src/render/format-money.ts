import { rememberFormats } from './remember-formats.ts';
import { RenderError } from './rendered.ts';

export const numberFormat = rememberFormats(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
);

/**
 * An amount as the locale writes it, never rounded: a decimal string is in the currency's own unit (`"19.99"`),
 * an integer in its minor units (`1999`). Throws `RenderError` for a number with a fraction, for more decimals
 * than the currency has, and for an unknown currency form.
 */
export function formatMoney(amount: unknown, currency: unknown, locale: string): string {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new RenderError('a currency must be an ISO 4217 code such as USD');
  }
  const format = numberFormat(locale, { style: 'currency', currency });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(readAmount(amount, decimals));
}

function readAmount(amount: unknown, decimals: number): number {
  if (Number.isSafeInteger(amount)) return Number(amount) / 10 ** decimals;
  const match = typeof amount === 'string' ? /^-?\d{1,12}(?:\.(\d+))?$/.exec(amount) : null;
  if (match === null)
    throw new RenderError('an amount must be a decimal string such as "19.99", or an integer in minor units');
  if ((match[1] ?? '').length > decimals)
    throw new RenderError(`an amount may have at most ${decimals} decimals`);
  return Number(amount);
}
