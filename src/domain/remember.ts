/**
 * Makes something once for each key and keeps it, where making costs many times what its use does. Keys come from
 * outside (zones and locales may be spelled in many ways), so the memory is bounded; when full it starts anew.
 */
export function rememberByKey<T>(make: (key: string) => T, keptMax = 1_000): (key: string) => T {
  const kept = new Map<string, { readonly made: T }>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined) return known.made;
    if (kept.size >= keptMax) kept.clear();
    const made = make(key);
    kept.set(key, { made });
    return made;
  };
}
