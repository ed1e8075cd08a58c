import { currencyExponent, currencyRepair, parseAmount } from '../domain/money.ts';
import { rememberFormats } from './remember-formats.ts';
import { RenderError } from './rendered.ts';

export const numberFormat = rememberFormats(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
);

/**
 * An amount as the locale writes it, never rounded: a decimal string is in the currency's own unit (`"19.99"`), an
 * integer in its minor units (`1999`), which ISO 4217 defines. A whole amount has the decimals that the locale's
 * readers expect (`$29.00`, `¥1,500`, `HUF 1,500`), any other all that the currency has. Throws `RenderError` for what
 * is no amount of this currency, by the same rule as the door.
 */
export function formatMoney(amount: unknown, currency: unknown, locale: string): string {
  const exponent = typeof currency === 'string' ? currencyExponent(currency) : undefined;
  if (typeof currency !== 'string' || exponent === undefined)
    throw new RenderError(`a currency ${currencyRepair}`);
  const parsed = parseAmount(amount, exponent);
  if (!parsed.ok) throw new RenderError(`an amount ${parsed.fault}`);
  const customary = { style: 'currency', currency } as const;
  const exact = { ...customary, minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const format = numberFormat(locale, parsed.isWhole ? customary : exact);
  // A text is formatted digit by digit, a number might have lost some (ECMA-402, Intl mathematical values).
  return format.format(parsed.decimal);
}
