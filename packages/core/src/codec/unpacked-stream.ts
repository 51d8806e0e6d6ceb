import { pipeline, Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { Algorithm } from './algorithms.ts';

/** Which of the bytes that were packed are wanted, and what is known of all of them. */
export interface UnpackedPart {
  readonly from: number;
  /** The end left out. */
  readonly to: number;
  /** How many bytes there are in all, and where nothing else tells, their CRC-32. */
  readonly told: { readonly size: number; readonly crc: number | undefined };
}

/**
 * The bytes of which `packed` gives the packed form, without what was put after it, unpacked as fast as they are taken. What
 * comes before the part that is wanted is unpacked, too. Where all of them are, the last chunk is given out only when they
 * are what was packed. `packed` is destroyed at the end.
 *
 * @param damaged makes the error to end with when they are not
 */
export function unpackedStream(
  algorithm: Algorithm,
  packed: Readable,
  part: UnpackedPart,
  damaged: (cause?: unknown) => Error,
): Readable {
  const unpacking = algorithm.unpackStream();
  let failure: Error | undefined;
  packed.once('error', (error) => (failure = error));
  // It fails with whatever fails of the two.
  pipeline(packed, unpacking, () => undefined);
  const bytes = partOf(unpacking, part, (cause) => failure ?? damaged(cause));
  const stream = Readable.from(bytes, { objectMode: false });
  // Also when nobody has begun to read.
  return stream.once('close', () => unpacking.destroy());
}

async function* partOf(
  unpacking: Readable,
  { from, to, told: { size, crc } }: UnpackedPart,
  failed: (cause?: unknown) => Error,
): AsyncGenerator<Buffer, void> {
  let position = 0;
  let checksum = 0;
  let last: Buffer | undefined;
  const chunks = unpacking[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next = () =>
    chunks.next().catch((error: unknown) => {
      throw failed(error);
    });
  try {
    for (let step = await next(); !step.done; step = await next()) {
      const chunk = step.value;
      const wanted = chunk.subarray(Math.max(0, from - position), Math.max(0, to - position));
      position += chunk.length;
      if (position > size) throw failed();
      if (crc !== undefined) checksum = crc32(chunk, checksum);
      if (last !== undefined) yield last;
      last = wanted.length > 0 ? wanted : undefined;
      const isEnough = position >= to && to < size;
      if (isEnough) break;
    }
    const isWhole = position === size && (crc === undefined || crc === checksum);
    if (to === size && !isWhole) throw failed();
    if (last !== undefined) yield last;
  } finally {
    await chunks.return?.();
  }
}
