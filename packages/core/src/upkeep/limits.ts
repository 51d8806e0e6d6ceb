/** Most that a cache may hold. */
export interface Limits {
  /** Bytes. */
  readonly sizeLimit: number;
  readonly entryLimit: number;
}
