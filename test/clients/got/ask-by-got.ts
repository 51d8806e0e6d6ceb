/** Asks for a page through a cache in a folder, as the README has it, and prints what came. */
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import got from 'got';
import { Keyv } from 'keyv';

const [directory, url, form] = process.argv.slice(2) as [string, string, keyof typeof caches];
const caches = {
  'a store': () => new KeyvDiskStore({ directory }),
  'a Keyv': () => createKeyv({ directory }),
  'a Keyv of its own class': () => createKeyv({ directory }, { Keyv }),
};
const cache = caches[form]();
const client = got.extend({ cache, retry: { limit: 0 } });

const response = await client(url);
console.log(JSON.stringify({ fromCache: response.isFromCache, body: response.body }));
await cache.disconnect();
