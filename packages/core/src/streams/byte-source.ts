import { Readable } from 'node:stream';
import { describe, InvalidArgumentError } from '../errors.ts';

/** A web stream, as far as it is used. */
interface WebStream {
  readonly locked?: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | string | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** A Blob or File, as far as it is used. */
interface WebBlob {
  readonly size: number;
  stream(): WebStream;
}

/**
 * Where the bytes of a value can come from: a Readable or another async iterable, an iterable, a web ReadableStream, or a
 * Blob. Each chunk is bytes or text; text becomes UTF-8. A string or bytes are no source: those are for set().
 */
export type StreamSource =
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | WebStream
  | WebBlob;

/** What all kinds of sources come down to. */
interface Chunks {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  /** Ends a source that is not wanted to its end. */
  cancel(reason: unknown): unknown;
}

/** The chunks of any source as bytes, one by one. */
export class ByteSource {
  /** How many bytes it will give, where it knows. */
  readonly size: number | undefined;
  readonly #chunks: Chunks;
  #cancelled: { readonly reason: unknown } | undefined;
  #stopWaiting: ((reason: unknown) => void) | undefined;
  /** The first half of a character that the next chunk goes on with. */
  #half = '';

  /** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_VALUE` when nothing can be read from it */
  constructor(given: StreamSource) {
    this.#chunks = chunksOf(given);
    this.size = isBlob(given) ? given.size : undefined;
  }

  /**
   * The next bytes, or undefined at the end.
   *
   * @throws what the source fails with, what it was cancelled with, InvalidArgumentError `ERR_DISKCACHE_VALUE` for a chunk
   *   that is neither bytes nor text, or an iterator that is none
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
    const chunk = await new Promise<Awaited<ReturnType<Chunks['next']>>>((resolve, reject) => {
      this.#stopWaiting = reject;
      this.#chunks.next().then(resolve, reject);
    });
    if (typeof chunk !== 'object' || chunk === null)
      throw invalidSource(`an iterator whose next() gave ${describe(chunk)} and no { done, value }`);
    if (chunk.done !== true) return this.#bytesOf(chunk.value);
    if (this.#half !== '') throw invalidChunk('text that ends with half a character');
    return undefined;
  }

  /** Stops a source before its end, whatever it is just waiting for. */
  cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#stopWaiting?.(reason);
    // There is a reason already why this source is given up: what it says to that would hide it.
    new Promise((resolve) => resolve(this.#chunks.cancel(reason))).catch(() => undefined);
  }

  #bytesOf(chunk: unknown): Uint8Array {
    if (typeof chunk === 'string') return this.#utf8(chunk);
    if (!(chunk instanceof Uint8Array)) throw invalidChunk(describe(chunk));
    if (this.#half !== '') throw invalidChunk('bytes after half a character');
    return chunk;
  }

  /** Text may be cut in the middle of a character of two UTF-16 units. */
  #utf8(chunk: string): Uint8Array {
    const text = this.#half + chunk;
    const last = text.charCodeAt(text.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#half = isCut ? text.slice(-1) : '';
    const whole = isCut ? text.slice(0, -1) : text;
    if (!whole.isWellFormed()) throw invalidChunk('text with a lone surrogate, which has no UTF-8 form');
    return Buffer.from(whole);
  }
}

function chunksOf(given: unknown): Chunks {
  if (isBlob(given)) return chunksOf(given.stream());
  if (isWebStream(given)) {
    if (given.locked === true) throw invalidSource('one that another reader has locked');
    if (Readable.isDisturbed(given as never)) throw invalidSource('one that has been read from');
    const reader = given.getReader();
    return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
  }
  const isData = typeof given === 'string' || ArrayBuffer.isView(given);
  if (isReadable(given)) return chunksOfReadable(given);
  const iterate = isData ? undefined : (given as Partial<AsyncIterable<unknown>>)?.[Symbol.asyncIterator];
  if (typeof iterate === 'function') return chunksOfIterator(iterate.call(given));
  const go = isData ? undefined : (given as Partial<Iterable<unknown>>)?.[Symbol.iterator];
  if (typeof go === 'function') return chunksOfIterable(go.call(given));
  throw invalidSource(isData ? `${describe(given)}, which set() can store` : describe(given));
}

interface ReadableLike extends AsyncIterable<unknown> {
  readonly readableEnded?: boolean;
  on(event: 'error', listener: () => void): unknown;
  destroy(): unknown;
}

function chunksOfReadable(stream: ReadableLike): Chunks {
  if (stream.readableEnded === true) throw invalidSource('one that has been read to its end');
  const iterator = stream[Symbol.asyncIterator]();
  // It may fail before it is first read from or after it was destroyed: unheard, that would end the process.
  stream.on('error', () => undefined);
  return { next: () => iterator.next(), cancel: () => stream.destroy() };
}

function chunksOfIterator(iterator: AsyncIterator<unknown>): Chunks {
  return { next: async () => iterator.next(), cancel: () => iterator.return?.() };
}

/** A chunk may be a promise of one, as for `for await`. */
function chunksOfIterable(iterator: Iterator<unknown>): Chunks {
  const next = async () => {
    const step = iterator.next();
    return typeof step === 'object' && step !== null ? { done: step.done, value: await step.value } : step;
  };
  return { next, cancel: () => iterator.return?.() };
}

function isBlob(given: unknown): given is WebBlob {
  const { stream, size } = (given ?? {}) as Partial<WebBlob>;
  return typeof stream === 'function' && typeof size === 'number';
}

function isWebStream(given: unknown): given is WebStream {
  return typeof (given as Partial<WebStream> | undefined)?.getReader === 'function';
}

function isReadable(given: unknown): given is ReadableLike {
  const { on, destroy, [Symbol.asyncIterator]: iterate } = (given ?? {}) as Partial<ReadableLike>;
  return typeof on === 'function' && typeof destroy === 'function' && typeof iterate === 'function';
}

function invalidSource(given: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_VALUE',
    `source must be a Readable, an iterable of chunks, a web ReadableStream or a Blob; given ${given}`,
  );
}

function invalidChunk(given: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_VALUE',
    `a chunk must be a Uint8Array or a string; given ${given}`,
  );
}
