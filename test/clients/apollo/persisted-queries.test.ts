import { createHash } from 'node:crypto';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { DiskCache } from '@diskcache/core';
import { createKeyv } from '@diskcache/keyv';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folderInMemory, temporaryFolder } from '../../support/temporary-folder.ts';

const QUERY = '{ greeting }';
const extensions = {
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(QUERY).digest('hex') },
};

/** A server as the README has it, and what it answers over loopback. */
async function start(directory: string) {
  const keyv = createKeyv({ directory });
  const server = new ApolloServer({
    typeDefs: 'type Query { greeting: String }',
    resolvers: { Query: { greeting: () => 'Hello' } },
    cache: new KeyvAdapter(keyv as never),
    stopOnTerminationSignals: false,
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  const stop = async () => {
    await server.stop();
    await keyv.disconnect();
  };
  onTestFinished(stop);
  const ask = async (body: object): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  return { ask, stop };
}

const answer = { data: { greeting: 'Hello' } };

test('a persisted query is known after a restart', async () => {
  const directory = temporaryFolder();
  const before = await start(directory);
  expect(await before.ask({ extensions })).toMatchObject({
    errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
  });
  expect(await before.ask({ extensions, query: QUERY })).toEqual(answer);
  expect(await before.ask({ extensions })).toEqual(answer);
  await before.stop();

  const after = await start(directory);
  expect(await after.ask({ extensions })).toEqual(answer);
});

function openAdapter() {
  const cache = new DiskCache(folderInMemory());
  onTestFinished(() => cache.close());
  return { cache, adapter: new KeyvAdapter<unknown>(createKeyv({ cache }) as never) };
}

test('reads of one tick are one read of the store, in order and with what is asked for twice', async () => {
  const { cache, adapter } = openAdapter();
  await adapter.set('a', { n: 1 });
  await adapter.set('b', 'text');
  const reads = vi.spyOn(cache, 'entryMany');
  const keys = ['b', 'none', 'a', 'b'];
  expect(await Promise.all(keys.map((key) => adapter.get(key)))).toEqual([
    'text',
    undefined,
    { n: 1 },
    'text',
  ]);
  expect(reads).toHaveBeenCalledOnce();
});

test('a ttl counts in seconds', async () => {
  const { cache, adapter } = openAdapter();
  await adapter.set('key', 'text', { ttl: 60 });
  const left = (await cache.entry('keyv:key'))!.expires! - Date.now();
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_000);
});

test('delete() tells whether there was an entry', async () => {
  const { adapter } = openAdapter();
  await adapter.set('key', 'text');
  expect([await adapter.delete('key'), await adapter.delete('key')]).toEqual([true, false]);
});
