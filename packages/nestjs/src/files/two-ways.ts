import { PassThrough, type Readable } from 'node:stream';
import { DiskCacheError } from '@diskcache/core';

/** One source's bytes, twice. */
export interface TwoWays {
  /** Has what the source has, and ends the source when it is ended early. */
  readonly out: Readable;
  /** May end early without harm to the other. */
  readonly copy: Readable;
}

/** For so long the copy may hold up what is sent. */
const PATIENCE_MS = 1000;

/**
 * Lets a source flow two ways, as fast as the slower one takes it; but a copy that takes nothing for a second is ended.
 *
 * @param onBytes is told how many bytes have gone both ways
 */
export function twoWays(source: Readable, onBytes: (count: number) => void): TwoWays {
  const [out, copy] = [new PassThrough(), new PassThrough()];
  // Who reads them hears of it by the stream's own end. Unheard, an error of either would end the process.
  for (const one of [out, copy]) one.on('error', () => undefined);
  out.once('close', () => {
    if (!out.readableEnded) source.destroy();
  });
  flow(source, out, copy, onBytes).catch((error: Error) => {
    out.destroy(error);
    copy.destroy(error);
  });
  return { out, copy };
}

/** Not by pipe(): of two destinations, one that is destroyed while the source waits for it stops both. */
async function flow(
  source: Readable,
  out: PassThrough,
  copy: PassThrough,
  onBytes: (count: number) => void,
): Promise<void> {
  // Some streams are older than asynchronous iteration.
  const chunks = Symbol.asyncIterator in source ? source : (source as Readable).pipe(new PassThrough());
  for await (const chunk of chunks as AsyncIterable<Uint8Array | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    await Promise.all([taken(out, bytes), takenSoon(copy, bytes)]);
    onBytes(bytes.length);
  }
  out.end();
  copy.end();
}

/** Resolves when there is room for more. */
async function taken(to: PassThrough, bytes: Uint8Array): Promise<void> {
  if (to.destroyed || to.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
}

async function takenSoon(to: PassThrough, bytes: Uint8Array): Promise<void> {
  const giveUp = () => {
    const reason = `the cache took nothing of a file for ${PATIENCE_MS} ms, so that is sent without being stored`;
    to.destroy(new DiskCacheError('ERR_DISKCACHE_TIMEOUT', reason));
  };
  const timer = setTimeout(giveUp, PATIENCE_MS);
  await taken(to, bytes);
  clearTimeout(timer);
}
