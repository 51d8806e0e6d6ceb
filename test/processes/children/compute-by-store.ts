import { createDiskStore } from '@diskcache/cache-manager';
import { createKeyv, storeOf } from '@diskcache/keyv';
import { given, say, told } from '../../support/parent.ts';

/** Asks the store of an adapter for one value, and says when it computes. */
const { directory, number, adapter } = given<{
  directory: string;
  number: number;
  adapter: 'keyv' | 'cache-manager';
}>();

const store = adapter === 'keyv' ? storeOf(createKeyv({ directory })) : createDiskStore({ directory });
say('ready');
await told('go');
const value = store.getOrSet('key', async () => {
  say('computing');
  await told('finish');
  return new Map([['by', number]]);
});
say('called');
say('value', await value);
await store.disconnect();
process.disconnect();
