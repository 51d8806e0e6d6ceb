/** A page behind cacheable-response with a cache in a folder, as the README has it. Prints what came for two requests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KeyvDiskStore } from '@diskcache/keyv';
import Keyv from '@keyvhq/core';
import commonJsCacheableResponse from 'cacheable-response';

/** Its types say what a transpiled module would have. */
const cacheableResponse = commonJsCacheableResponse as unknown as typeof commonJsCacheableResponse.default;

const store = new KeyvDiskStore({ directory: process.argv[2]! });
const page = cacheableResponse({
  cache: new Keyv({ store, namespace: 'ssr' }) as never,
  get: async () => ({ data: `made by ${process.pid}` }),
  send: ({ res, data }) => res.end(data),
});

const server = createServer((req, res) => void page({ req, res }));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const answers = [];
for (let i = 0; i < 2; i++) {
  const response = await fetch(`http://127.0.0.1:${port}/page`);
  answers.push({ found: response.headers.get('x-cache-status'), body: await response.text() });
}
console.log(JSON.stringify({ pid: process.pid, answers }));
server.closeAllConnections();
server.close();
await store.disconnect();
