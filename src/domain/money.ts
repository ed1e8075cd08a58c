/**
 * ISO 4217 (tables A.1 and A.2): codes whose minor unit is not a hundredth. CLDR, and so `Intl`, has other figures for
 * seventeen more (0 for HUF, IDR, PKR…): those are what shops write, not what integer minor units mean.
 */
const exponents: Readonly<Record<string, number>> = Object.fromEntries(
  [
    [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
    [3, 'BHD IQD JOD KWD LYD OMR TND'],
    [4, 'CLF UYW'],
  ].flatMap(([exponent, codes]) =>
    String(codes)
      .split(' ')
      .map((code) => [code, Number(exponent)]),
  ),
);
/** What ISO 4217 lists without a minor unit ("N.A."): metals, drawing rights, tests. No amount can be printed in them. */
const unitless: ReadonlySet<string> = new Set(
  'XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' '),
);
const known: ReadonlySet<string> = new Set([
  ...Intl.supportedValuesOf('currency').filter((code) => !unitless.has(code)),
  ...Object.keys(exponents),
]);

export const currencyRepair = 'must be an ISO 4217 code of a currency, such as USD';

/** Decimals of the currency by ISO 4217; `undefined` for what is no currency. */
export function currencyExponent(code: string): number | undefined {
  return known.has(code) ? (exponents[code] ?? 2) : undefined;
}

export type ParsedAmount =
  /** An exact decimal in the currency's own unit, with no decimals or with as many as the currency has. */
  | { readonly ok: true; readonly decimal: `${number}`; readonly isWhole: boolean }
  | { readonly ok: false; readonly error: string };

/** As many digits as a safe integer has: far beyond any payment. */
const decimalForm = /^(-?)(\d{1,16})(?:\.(\d{1,6}))?$/;

/**
 * An amount of a currency with `exponent` decimals, never rounded: a decimal string is in the currency's own unit
 * (`"19.99"`), an integer in its minor units (`1999`). Decimals that the currency does not have may only be zeros:
 * `"1500.00"` JPY is 1500 yen.
 */
export function parseAmount(amount: unknown, exponent: number): ParsedAmount {
  const text = Number.isSafeInteger(amount) ? fromMinorUnits(Number(amount), exponent) : amount;
  const [, sign, whole, decimals = ''] = typeof text === 'string' ? (decimalForm.exec(text) ?? []) : [];
  if (whole === undefined)
    return fail('must be a decimal string such as "19.99", or an integer in minor units');
  if (/[1-9]/.test(decimals.slice(exponent)))
    return fail(
      exponent === 0
        ? 'has decimals, and this currency has none'
        : `may have at most ${exponent} decimals in this currency`,
    );
  const kept = decimals.slice(0, exponent).padEnd(exponent, '0');
  const isWhole = !/[1-9]/.test(kept);
  const decimal = isWhole ? `${sign}${whole}` : `${sign}${whole}.${kept}`;
  return { ok: true, decimal: decimal as `${number}`, isWhole };
}

function fromMinorUnits(amount: number, exponent: number): string {
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  const at = digits.length - exponent;
  const text = exponent === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`;
  return amount < 0 ? `-${text}` : text;
}

function fail(error: string): ParsedAmount {
  return { ok: false, error };
}
