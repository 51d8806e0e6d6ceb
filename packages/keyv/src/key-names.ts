import { stringKey } from './misuse.ts';

/** The names that a key of one namespace has: to its users, to Keyv 4 and 5, which put `namespace:` before it, and in the cache. */
export class KeyNames {
  readonly namespace: string | undefined;
  /** What the keys begin with in the cache. */
  readonly prefix: string;
  readonly #prefixOfKeyv5: string;

  constructor(namespace: string | undefined) {
    this.namespace = namespace;
    this.prefix = namespacePrefix(namespace);
    this.#prefixOfKeyv5 = namespace ? `${namespace}:` : '';
  }

  /** In the cache, of one as its users know it. @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
  stored(key: string): string {
    return this.prefix + stringKey(key);
  }

  /** In the cache, of one as Keyv 4 and 5 hand it over. @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
  storedByKeyv5(key: string): string {
    const isSame = this.prefix === this.#prefixOfKeyv5 || !stringKey(key).startsWith(this.#prefixOfKeyv5);
    return isSame ? stringKey(key) : this.prefix + key.slice(this.#prefixOfKeyv5.length);
  }

  /** As its users know it, of one as Keyv 4 and 5 hand it over. */
  knownOfKeyv5(key: string): string {
    return key.startsWith(this.#prefixOfKeyv5) ? key.slice(this.#prefixOfKeyv5.length) : key;
  }

  /** As its users know it, of one in the cache. */
  known(stored: string): string {
    return stored.slice(this.prefix.length);
  }

  /** As Keyv 4 and 5 want it, of one in the cache. */
  ofKeyv5(stored: string): string {
    return this.#prefixOfKeyv5 + this.known(stored);
  }
}

/**
 * What the keys of a namespace begin with in the cache: `namespace:`, with `%` and `:` in it written as in URLs, so that none
 * begins as another does. Nothing for no namespace.
 */
export function namespacePrefix(namespace: string | undefined): string {
  return namespace ? `${namespace.replaceAll('%', '%25').replaceAll(':', '%3A')}:` : '';
}
