/** The part of a Keyv 6 that tells values with their deadlines. Older ones have no setRaw(). */
interface Keyv6 {
  get(key: string | string[]): Promise<unknown>;
  getMany(keys: string[]): Promise<unknown[]>;
  getRaw(key: string): Promise<unknown>;
  getManyRaw(keys: string[]): Promise<unknown[]>;
  setRaw(key: string, value: unknown): Promise<boolean>;
}

interface RawOption {
  raw?: boolean;
}

/**
 * Gives a Keyv 6 what cache-manager and NestJS ask of a Keyv 5: get() and getMany() with the option `raw`, without which
 * wrap() of cache-manager computes each time and ttl() tells nothing, and `opts`, by which NestJS knows a Keyv. Any other
 * is as it was.
 */
export function withRawReads<Instance>(keyv: Instance, opts: object): Instance {
  if (!isKeyv6(keyv)) return keyv;
  const get = keyv.get.bind(keyv);
  const getMany = keyv.getMany.bind(keyv);
  return Object.assign(keyv, {
    opts,
    async get(key: string | string[], options?: RawOption) {
      if (options?.raw !== true) return get(key);
      return Array.isArray(key) ? keyv.getManyRaw(key) : keyv.getRaw(key);
    },
    async getMany(keys: string[], options?: RawOption) {
      return options?.raw === true ? keyv.getManyRaw(keys) : getMany(keys);
    },
  });
}

function isKeyv6(keyv: unknown): keyv is Keyv6 {
  return typeof (keyv as Partial<Keyv6>).setRaw === 'function';
}
