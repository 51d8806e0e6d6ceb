import { DiskCacheError } from '@diskcache/core';
import type Keyv from 'keyv';
import { KeyvDiskStore } from './keyv-disk-store.ts';
import { assertOption, assertOptions } from './misuse.ts';
import type { CacheSource } from './opened-cache.ts';
import { withRawReads } from './raw-reads.ts';
import type { Tags } from './tags.ts';

/** What createKeyv() needs: where the entries are, and two options that are Keyv's. */
export type CreateKeyvOptions = CacheSource & {
  /** Put before each key, and what clear() is limited to. @default 'keyv', under Keyv 6 too */
  namespace?: string | undefined;
  /** Lifetime in ms of entries that are set without one. @default none: they stay until evicted */
  ttl?: number | undefined;
  /** The tags of what is set: the same for all, or told from key and value. withTags() is for single entries. @default none */
  tags?: Tags | undefined;
  /** Which entries are never evicted, told from the key; see KeyvDiskStoreOptions. @default none */
  pinned?: ((key: string) => boolean) | undefined;
};

/** The class Keyv of any version. */
export type KeyvClass<Instance> = new (...options: never[]) => Instance;

const OWN_OPTIONS = ['namespace', 'ttl', 'tags', 'pinned'];

/** What createKeyv() is, for the class Keyv that is installed. */
export interface CreateKeyv<InstalledKeyv> {
  (options: CreateKeyvOptions): InstalledKeyv;
  <Instance>(options: CreateKeyvOptions, use: { Keyv: KeyvClass<Instance> }): Instance;
}

/**
 * A Keyv 4, 5 or 6 on disk, with Keyv's own serializer off: values keep their types (Buffer, Date, Map, bigint, …), and
 * bytes are stored as bytes. disconnect() closes the cache, if it was opened here.
 *
 * The Keyv is the installed one; pass yours when there are several.
 *
 * @throws InvalidArgumentError when an option is wrong, DiskCacheError when keyv is not installed, and what DiskCache throws
 * @example
 * ```ts
 * import { createKeyv } from '@diskcache/keyv';
 *
 * const keyv = createKeyv({ directory: './cache', sizeLimit: 100_000_000 });
 * await keyv.set('ada', { born: new Date('1815-12-10') }, 60_000);
 * console.log(await keyv.get('ada')); // { born: 1815-12-10T00:00:00.000Z }
 * await keyv.disconnect();
 * ```
 */
export const createKeyv: CreateKeyv<Keyv> = <Instance>(
  options: CreateKeyvOptions,
  use: { Keyv?: KeyvClass<Instance> } = {},
): Instance => {
  assertOptions(options, OWN_OPTIONS);
  const { namespace = 'keyv', ttl, ...source } = options;
  assertOption('namespace', namespace, typeof namespace === 'string', 'a string');
  const isTtl = ttl === undefined || (typeof ttl === 'number' && ttl >= 0);
  assertOption('ttl', ttl, isTtl, 'a number of milliseconds from 0 up');
  const Chosen = (givenKeyv(use) ?? installedKeyv()) as new (options: object) => Instance;
  const store = new KeyvDiskStore({ ...(source as CacheSource), keyvSerializer: false });
  // The dialect is for a library that has another copy of Keyv and takes this one for a store: it looks for it there.
  const { dialect } = store.opts;
  const keyv = new Chosen({ store, namespace, ttl, dialect, ...serializerOff(Chosen) });
  return withRawReads(keyv, store.opts);
};

function givenKeyv(use: { Keyv?: KeyvClass<unknown> }): KeyvClass<unknown> | undefined {
  const given: unknown = typeof use === 'function' ? use : use?.Keyv;
  const isClass =
    given === undefined || (typeof given === 'function' && 'disconnect' in (given.prototype ?? {}));
  const isRight = typeof use === 'object' && isClass;
  assertOption('Keyv', given, isRight, 'the class Keyv, as in createKeyv(options, { Keyv })');
  return use.Keyv;
}

/** By the options of Keyv 5 and of Keyv 6, each of which ignores the other's. Keyv 4 always calls its serializer. */
function serializerOff(Chosen: KeyvClass<unknown>): object {
  const isKeyv4 = !('getMany' in (Chosen.prototype as object));
  const off = isKeyv4 ? (data: unknown) => data : undefined;
  return { serialize: off, deserialize: off, serialization: false, checkExpired: false };
}

function installedKeyv(): KeyvClass<unknown> {
  let installed: { Keyv?: KeyvClass<unknown> };
  try {
    installed = require('keyv');
  } catch (cause) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_OPTION',
      'createKeyv() needs the package keyv: install it, or pass yours as createKeyv(options, { Keyv })',
      { cause },
    );
  }
  return installed.Keyv ?? (installed as KeyvClass<unknown>);
}
