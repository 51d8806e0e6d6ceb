/** Values that tell by themselves whether they are whole: a label, repeated to the end. */

export function wholeValue(label: string, length: number): string {
  return `${label}|${length}|`.repeat(Math.ceil(length / (label.length + 3))).slice(0, length);
}

/** The label of a value that is just as it was written, else undefined. */
export function labelOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const [label = '', length] = value.split('|', 2);
  return Number(length) === value.length && value === wholeValue(label, value.length) ? label : undefined;
}
