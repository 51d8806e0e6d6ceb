import type { Key } from '../entry/key.ts';
import { bytesOnDisk } from './files/value-files.ts';
import { rowSpace } from './rows/row-space.ts';

/** Where a value is, and how long. */
interface Stored {
  readonly size: number;
  readonly file: string | null;
}

/** What an entry is counted with against the size limit. */
export function spaceOf(key: Key, value: Stored, tags: string | null): number {
  const keyBytes =
    typeof key === 'string' ? Buffer.byteLength(key) : typeof key === 'number' ? 8 : key.length;
  const inRow = value.file === null ? value.size : value.file.length;
  return rowSpace(keyBytes, inRow, tags) + fileSpace(value);
}

/** The part of it that is in a file. */
export function fileSpace({ size, file }: Stored): number {
  return file === null ? 0 : bytesOnDisk(size);
}
