import { crc32 } from 'node:zlib';
import { nextTurn } from '../clock.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Small chunks are gathered up to this, larger ones written as they come. */
const GATHERED_BYTES = 64 * 1024;
/** What is written, and its checksum taken, at one time: the event loop turns in between. */
const PIECE_BYTES = 1024 * 1024;
/** A source of many chunks that all are there lets the event loop turn after so many. */
const CHUNKS_A_TURN = 256;

/** What a stream came to. */
export interface Received {
  readonly size: number;
  readonly checksum: number | null;
}

/** Where the bytes go. */
export interface GrowingFile {
  append(bytes: Uint8Array): Promise<void>;
}

export interface Reception {
  /** How many bytes there have to be in all. */
  readonly expected: number | undefined;
  readonly hasChecksum: boolean;
  /** Refuses, or finds room for, a file of so many bytes. Called before they are written. */
  readonly reach: (size: number) => Promise<void>;
  /** Refuses a size that can never have room. Called as soon as it is known. */
  readonly assertPossible: (size: number) => void;
}

/** Carries a stream from its source into a file, at the pace of the slower of the two. */
export async function receive(
  source: ByteSource,
  file: GrowingFile,
  { expected, hasChecksum, reach, assertPossible }: Reception,
): Promise<Received> {
  const gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES);
  let waiting = 0;
  let written = 0;
  let checksum = 0;
  let chunks = 0;
  const write = async (bytes: Uint8Array) => {
    await reach(written + bytes.length);
    if (hasChecksum) checksum = crc32(bytes, checksum);
    await file.append(bytes);
    written += bytes.length;
  };
  const writeGathered = async () => {
    const bytes = gathered.subarray(0, waiting);
    waiting = 0;
    if (bytes.length > 0) await write(bytes);
  };

  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    const size = written + waiting + chunk.length;
    if (expected !== undefined && size > expected) throw otherSize(expected, `${size} or more`);
    assertPossible(size);
    if (waiting + chunk.length > GATHERED_BYTES) await writeGathered();
    if (chunk.length < GATHERED_BYTES) {
      gathered.set(chunk, waiting);
      waiting += chunk.length;
    } else {
      for (let start = 0; start < chunk.length; start += PIECE_BYTES)
        await write(chunk.subarray(start, start + PIECE_BYTES));
    }
    if (++chunks % CHUNKS_A_TURN === 0) await nextTurn();
  }
  await writeGathered();
  if (expected !== undefined && written !== expected) throw otherSize(expected, `${written}`);
  return { size: written, checksum: hasChecksum ? checksum : null };
}

function otherSize(expected: number, given: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_VALUE',
    `the source has to give ${expected} bytes, as its size says; it gave ${given}`,
  );
}
