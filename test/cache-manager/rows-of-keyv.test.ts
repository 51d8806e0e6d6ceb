import { createDiskStore } from '@diskcache/cache-manager';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';

const classes = { 4: Keyv4 as never as typeof Keyv5, 5: Keyv5, 6: Keyv6 as never as typeof Keyv5 };
const answer = { made: 1, text: 'ä', list: [null, true] };

describe.for(Object.entries(classes))('a DiskStore where Keyv %s has stored', ([, Keyv]) => {
  test.for(['with', 'without'] as const)(
    'reads the values that it has set %s serializer',
    async (serializer) => {
      const cache = openCache();
      const namespace = 'both';
      const keyv =
        serializer === 'with'
          ? new Keyv({ store: new KeyvDiskStore({ cache }), namespace })
          : createKeyv({ cache, namespace }, { Keyv });
      await keyv.set('key', answer, 60_000);
      const store = createDiskStore({ cache, namespace });
      expect(await store.get('key')).toEqual(answer);
      expect(await store.getMany(['none', 'key'])).toEqual([undefined, answer]);
      const raw = { value: answer, expires: (await cache.entry('both:key'))!.expires };
      expect(await store.getRaw('key')).toEqual(raw);
      expect(await store.getMany(['key'], { raw: true })).toEqual([raw]);
      expect(await listed(store.iterator())).toEqual([['key', answer]]);
      expect(await store.getOrSet('key', () => 'not computed')).toEqual(answer);
    },
  );
});

test('a DiskStore gives back bytes that look like what a Keyv has stored as the bytes that they are', async () => {
  const store = createDiskStore({ cache: openCache() });
  const bytes = new TextEncoder().encode('{"value":1}');
  await store.set('key', bytes);
  expect(Buffer.compare((await store.get<Uint8Array>('key'))!, bytes)).toBe(0);
});

test('a DiskStore tells of bytes that begin as what a Keyv has stored, and are something else', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const cache = openCache();
  await cache.set('key', new TextEncoder().encode('{"value":'));
  const unreadable = expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER' }) as unknown;
  await expect(createDiskStore({ cache }).get('key')).rejects.toEqual(unreadable);
  expect(warned.mock.calls).toEqual([[unreadable]]);
  warned.mockRestore();
});
