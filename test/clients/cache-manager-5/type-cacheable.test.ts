import { legacyDiskStore } from '@diskcache/cache-manager';
import { DiskCache } from '@diskcache/core';
import { useAdapter } from '@type-cacheable/cache-manager-adapter';
import { Cacheable, CacheClear } from '@type-cacheable/core';
import { caching } from 'cache-manager';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

let computed: string[];

class Books {
  @Cacheable({ cacheKey: ([id]) => `book:${id}` })
  async byId(id: number) {
    computed.push(`book ${id}`);
    return { id, printed: new Date(0) };
  }

  @Cacheable({ cacheKey: 'page', hashKey: 'books', ttlSeconds: 1000 })
  async page() {
    computed.push('page');
    return ['a book'];
  }

  @Cacheable({ cacheKey: 'author', hashKey: 'authors' })
  async author() {
    computed.push('author');
    return 'Ada';
  }

  @CacheClear({ hashKey: 'books' })
  async print() {}

  @CacheClear({ cacheKey: '^book:\\d$', isPattern: true })
  async burn() {}
}

async function open() {
  computed = [];
  const clock = new FakeClock(Date.now());
  const disk = new DiskCache(folderInMemory(), { clock });
  onTestFinished(() => disk.close());
  const cache = await caching(legacyDiskStore, { cache: disk });
  // Without `debug` it keeps to itself what fails.
  useAdapter(cache, false, { debug: true });
  return { clock, books: new Books(), keys: () => cache.store.keys() };
}

test('a method computes once, and dates stay dates', async () => {
  const { books } = await open();
  for (let i = 0; i < 2; i++) expect(await books.byId(1)).toEqual({ id: 1, printed: new Date(0) });
  expect(computed).toEqual(['book 1']);
});

test('a hash is cleared with all that is in it, and nothing else', async () => {
  const { books, keys } = await open();
  await books.page();
  await books.author();
  await books.print();
  await books.page();
  await books.author();
  expect(computed).toEqual(['page', 'author', 'page']);
  expect(await keys()).toHaveLength(2);
});

test('a pattern clears what it finds, as the regular expression that it is', async () => {
  const { books } = await open();
  for (const id of [1, 2, 10]) await books.byId(id);
  await books.burn();
  for (const id of [1, 2, 10]) await books.byId(id);
  expect(computed).toEqual(['book 1', 'book 2', 'book 10', 'book 1', 'book 2']);
});

test('ttlSeconds are handed on as they are, and so are ms', async () => {
  const { books, clock } = await open();
  await books.page();
  clock.advance(999);
  await books.page();
  clock.advance(1);
  await books.page();
  expect(computed).toEqual(['page', 'page']);
});
