// Medians and their like.

export const median = (values: number[]): number => quantile(values, 0.5);

/** The value below which the share `q` of the values lies (nearest rank). NaN of none. */
export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** To three significant digits. */
export const rounded = (value: number): number => Number(value.toPrecision(3));
