/** A value as it is stored: what SQLite or a file takes. */
export interface EncodedValue {
  /**
   * What wrote it: a serializer's id or one of the codec's own, or null when the value is stored as itself. Where it was
   * compressed, then also whether that was text or bytes, and by what: `json|text|zstd`, `|bytes|gzip`.
   */
  readonly codec: string | null;
  readonly data: string | number | Buffer;
}

/** Between the parts of `codec`; in no serializer's id. */
export const SEPARATOR = '|';

/** Whether what has this codec was compressed. */
export function isCompressed(codec: string | null): codec is string {
  return codec !== null && codec.includes(SEPARATOR);
}

/** Bytes that the data takes. */
export function sizeOf(data: string | number | Buffer): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return typeof data === 'number' ? 8 : data.length;
}
