import { expect, test, vi } from 'vitest';
import { openSync } from '../../support/caches.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

/** Before core is loaded: node:zlib as it was before Node.js 22.15. */
vi.hoisted(() => {
  const zlib = process.getBuiltinModule('node:zlib');
  for (const name of ['zstdCompress', 'zstdCompressSync', 'zstdDecompress', 'zstdDecompressSync']) {
    Reflect.deleteProperty(zlib, name);
  }
});

test("compression 'zstd' where node:zlib has none is an ERR_DISKCACHE_OPTION that says so", () => {
  const open = () => openSync({ compression: 'zstd' });
  expect(open).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }));
  expect(open).toThrow(/'zstd' needs Node.js 22\.15 or newer/);
});

test("an entry that was compressed by 'zstd' is an ERR_DISKCACHE_SERIALIZER that names it, and others can be read", () => {
  const directory = folderInMemory();
  const cache = openSync({ compression: 'gzip' }, directory);
  cache.set('zstd', 'z'.repeat(2000));
  cache.set('gzip', 'g'.repeat(2000));
  foreignConnection(directory).prepare("UPDATE entry SET codec = '|text|zstd' WHERE key = 'zstd'").run();
  expect(() => cache.get('zstd')).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER', serializer: 'zstd', key: 'zstd' }),
  );
  expect(cache.get('gzip')).toBe('g'.repeat(2000));
});
