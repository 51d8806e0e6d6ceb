import { describe, expect, test } from 'vitest';
import { openSync } from '../../support/caches.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const KINDS_OF_KEYS: [string, (n: number) => string | number][] = [
  ['long keys in no order', (n) => `page:/some/path/of/ordinary/length?id=${(n * 7919) % 100_003}`],
  ['short keys in order', (n) => `k${String(n).padStart(6, '0')}`],
  ['numbers in order', (n) => n],
];

describe.for(KINDS_OF_KEYS)('size() with %s', ([, key]) => {
  test.for([0, 10, 100, 500, 1000, 1500, 2000, 3000, 4000, 4100, 6000, 10_000, 60_000])(
    'is what the database takes for rows of %i bytes that were read, or on the safe side of it, up to twice',
    (bytes) => {
      const directory = folderInMemory();
      const cache = openSync({}, directory);
      const count = Math.min(5000, Math.ceil(3_000_000 / (bytes + 100)));
      cache.setMany(Array.from({ length: count }, (_, n) => [key(n), Buffer.alloc(bytes)]));
      for (let n = 0; n < count; n++) cache.get(key(n));
      const size = cache.size();
      cache.close();
      const db = foreignConnection(directory);
      const pages = Number(db.pragma('page_count', { simple: true }));
      const onDisk = 4096 * (pages - Number(db.pragma('freelist_count', { simple: true })));
      expect(size / onDisk).toBeGreaterThan(0.97);
      expect(size / onDisk).toBeLessThan(2);
    },
  );
});
