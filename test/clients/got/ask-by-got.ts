/** Asks for a page through a cache in a folder, as the README has it, and prints what came. */
import { createRequire } from 'node:module';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import got from 'got';
import type { Keyv } from 'keyv';
import { Keyv as Keyv6 } from 'keyv6';

const CommonJsKeyv: typeof Keyv = createRequire(import.meta.url)('keyv').Keyv;
const [directory, url, form] = process.argv.slice(2) as [string, string, keyof typeof caches];
const caches = {
  'a store': () => new KeyvDiskStore({ directory }),
  'a Keyv': () => createKeyv({ directory }),
  // To TypeScript it is not what got takes, which has the types of Keyv 5.
  'a Keyv 6': () => createKeyv({ directory }, { Keyv: Keyv6 }) as unknown as Keyv,
  'a Keyv of CommonJS': () => createKeyv({ directory }, { Keyv: CommonJsKeyv }),
};
const cache = caches[form]();
const client = got.extend({ cache, retry: { limit: 0 } });

const response = await client(url);
console.log(JSON.stringify({ fromCache: response.isFromCache, body: response.body }));
await cache.disconnect();
