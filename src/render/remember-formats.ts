/**
 * A maker of Intl formatters that builds each one once: building costs many times what one use does. Locales and
 * zones come from recipients, so the memory is bounded; when full it starts anew.
 */
export function rememberFormats<Options, Format>(
  make: (locale: string, options: Options) => Format,
): (locale: string, options: Options) => Format {
  const formats = new Map<string, Format>();
  return (locale, options) => {
    const key = `${locale} ${JSON.stringify(options)}`;
    const known = formats.get(key);
    if (known !== undefined) return known;
    if (formats.size >= formatsMax) formats.clear();
    const format = make(locale, options);
    formats.set(key, format);
    return format;
  };
}

const formatsMax = 1000;
