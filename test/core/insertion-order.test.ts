import type { DiskCacheSync, Key } from '@diskcache/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSync } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { folderInMemory } from '../support/temporary-folder.ts';

const POLICIES = ['lru', 'lfu', 'fifo', 's3-fifo'] as const;
const TAG = 'tag';

const step = fc.record({
  verb: fc.constantFrom('set', 'set', 'set', 'setMany', 'delete', 'evict', 'wait', 'fail', 'clear', 'reopen'),
  key: fc.integer({ min: 0, max: 60 }),
  isTagged: fc.boolean(),
  pinned: fc.boolean(),
  ttl: fc.constantFrom(undefined, undefined, 5),
  eviction: fc.constantFrom(...POLICIES),
});

test('the order of insertion is that of a Map, through evictions, reopenings and whatever is taken back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const directory = folderInMemory();
      const clock = new FakeClock();
      const open = (eviction: (typeof POLICIES)[number]) =>
        openSync({ eviction, clock, entryLimit: 30, memoryLimit: 0 }, directory);
      let cache = open('lru');
      let model = new Map<Key, boolean>();
      const put = (key: Key, { isTagged, pinned, ttl }: (typeof steps)[number]) => {
        // It may have been evicted since.
        if (!cache.has(key)) model.delete(key);
        cache.set(key, 'value', { ttl, pinned: pinned && Number(key) < 5, tags: isTagged ? [TAG] : [] });
        model.set(key, isTagged);
      };
      for (const one of steps) {
        const { verb, key } = one;
        if (verb === 'set') put(key, one);
        if (verb === 'setMany') for (let more = 0; more < 20; more++) put((key + more * 7) % 61, one);
        if (verb === 'delete') cache.delete(key);
        if (verb === 'evict') cache.evict(TAG);
        if (verb === 'wait') clock.advance(3);
        if (verb === 'clear' && key % 5 === 0) cache.clear();
        if (verb === 'fail') expect(() => cache.transact((tx) => failing(tx, key))).toThrow('back');
        if (verb === 'reopen') {
          cache.close();
          cache = open(one.eviction);
        }
        model = new Map([...model].filter(([there]) => cache.has(there)));
        const tagged = [...model].filter(([, isTagged]) => isTagged).map(([there]) => there);
        const order = 'insertion';
        expect([...cache.keys({ order })]).toEqual([...model.keys()]);
        expect([...cache.keys({ order, tag: TAG, reverse: true })]).toEqual(tagged.toReversed());
        expect(cache.peekEntry('first', { order })?.key).toBe([...model.keys()][0]);
        expect(cache.peekEntry('last', { order, tag: TAG })?.key).toBe(tagged.at(-1));
      }
      expect(cache.check()).toMatchObject({ ok: true, problems: [] });
      cache.close();
    }),
    { numRuns: 60 },
  );
});

function failing(tx: DiskCacheSync, key: number): void {
  for (let more = 0; more < 10; more++) tx.set((key + more) % 61, 'taken back');
  tx.delete(key);
  throw new Error('back');
}
