/** What a label says when there is no room, or no right, for a name of its own. */
export const otherLabel = 'other';

/**
 * Lets the first `valuesMax` different values of a label through and calls every later one `other`, so that no
 * caller can grow the number of time series without end.
 */
export function createLabelBound(valuesMax: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= valuesMax) return otherLabel;
    known.add(value);
    return value;
  };
}
