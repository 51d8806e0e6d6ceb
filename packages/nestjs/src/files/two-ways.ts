import { PassThrough, type Readable } from 'node:stream';

/** One source's bytes, twice. */
export interface TwoWays {
  /** Has what the source has, and ends the source when it is ended early. */
  readonly out: PassThrough;
  /** May end early without harm to the other. */
  readonly copy: PassThrough;
}

/** Lets a source flow two ways, as fast as the slower one takes it. */
export function twoWays(source: Readable): TwoWays {
  const [out, copy] = [new PassThrough(), new PassThrough()];
  const fail = (error?: Error) => {
    out.destroy(error);
    copy.destroy(error);
  };
  source.once('error', fail);
  source.once('close', () => {
    if (!source.readableEnded) fail();
  });
  out.once('close', () => {
    if (out.readableEnded) return;
    source.destroy();
    copy.destroy();
  });
  // Who reads them hears of it by the stream's own end. Unheard, an error of either would end the process.
  for (const one of [out, copy]) one.on('error', () => undefined);
  source.pipe(out);
  source.pipe(copy);
  return { out, copy };
}
