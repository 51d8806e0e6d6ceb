/** The same by cacheable-request, which got is made of. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { KeyvDiskStore } from '@diskcache/keyv';
import CacheableRequest from 'cacheable-request';

const [directory, url] = process.argv.slice(2) as [string, string];
const store = new KeyvDiskStore({ directory });
const cacheable = new CacheableRequest(request, store).request();

const response = await new Promise<NodeJS.ReadableStream & { fromCache: boolean }>((resolve, reject) => {
  const asking = cacheable(url, resolve as never);
  asking.on('error', reject);
  asking.on('request', (sent) => sent.end());
});
const body = await text(response);
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ fromCache: response.fromCache, body }));
await store.disconnect();
