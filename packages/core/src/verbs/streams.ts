import type { StreamPut } from '../calls/incoming-values.ts';
import type { Engine } from '../engine/engine.ts';
import { entryTerms } from '../entry/entry-options.ts';
import { type Key, validKey } from '../entry/key.ts';
import { ByteSource, type StreamSource } from '../streams/byte-source.ts';
import { checkStreamOptions, type SetStreamOptions } from '../streams/stream-options.ts';

/** The verbs for values that are larger than memory. */
export class Streams {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  set(key: Key, given: StreamSource, options: SetStreamOptions | undefined): StreamPut {
    const source = new ByteSource(given);
    try {
      return this.#put(validKey(key), source, options);
    } catch (error) {
      source.cancel(error);
      throw error;
    }
  }

  #put(key: Key, source: ByteSource, options: SetStreamOptions | undefined): StreamPut {
    const engine = this.#engine;
    const { terms, signal, size = source.size } = checkStreamOptions(options);
    const { tags, isPinned } = entryTerms(terms, engine.settings, engine.now());
    const { ttl, expires } = terms;
    return {
      key,
      source,
      size,
      signal,
      tags,
      // A ttl counts from when the entry is stored.
      terms: () => ({
        ...entryTerms({ ttl, expires, pinned: isPinned }, engine.settings, engine.now()),
        tags,
      }),
    };
  }
}
