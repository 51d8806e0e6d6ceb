import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { StartedApp } from './started-app.ts';
import { Tree } from './tree.ts';

/** NestJS 12 takes the Keyv at the root of the project, which npm makes a Keyv 5 or a Keyv 6. */
describe.for([
  ['keyv5', '5.6.0'],
  ['keyv6', '6.1.0'],
] as const)('with %s at the root', ([rootKeyv, version]) => {
  const newTree = () => new Tree(temporaryFolder(), rootKeyv);

  test('the example app misses, hits, and hits again after kill -9', { timeout: 30_000 }, async () => {
    const tree = newTree();
    expect(tree.rootKeyvVersion).toBe(version);
    const script = tree.addExample();
    const directory = tree.path('cache');

    const first = await StartedApp.start(script, directory);
    for (const found of ['MISS', 'HIT']) {
      expect(await first.ask('/books')).toMatchObject({ found, body: { madeBy: first.pid } });
      expect(await first.ask('/report')).toMatchObject({ found, body: { madeBy: first.pid } });
    }
    expect(await first.end('SIGKILL')).toBe('SIGKILL');

    const second = await StartedApp.start(script, directory);
    expect(await second.ask('/books')).toMatchObject({ found: 'HIT', body: { madeBy: first.pid } });
    expect(await second.ask('/report')).toMatchObject({ found: 'HIT', body: { madeBy: first.pid } });
    expect((await second.ask('/cache')).body).toMatchObject({ count: 2 });
    expect((await second.ask('/cache/tags/books', 'DELETE')).body).toEqual({ evicted: 1 });
    expect(await second.ask('/books')).toMatchObject({ found: 'MISS', body: { madeBy: second.pid } });
    expect(await second.end('SIGTERM')).toBe('SIGTERM');
  });

  test(
    'register() and registerAsync() compile without a cast, in ES modules and in CommonJS',
    { timeout: 30_000 },
    () => {
      const tree = newTree();
      const source = `
      import { diskCacheStore } from '@diskcache/nestjs';
      import { CacheModule } from '@nestjs/cache-manager';
      export const one = CacheModule.register({ stores: diskCacheStore({ directory: './cache' }), ttl: 5 });
      export const several = CacheModule.register({ stores: [diskCacheStore({ directory: './cache' })] });
      export const later = CacheModule.registerAsync({
        isGlobal: true,
        useFactory: () => ({ stores: diskCacheStore({ directory: './cache', sizeLimit: 5_000_000 }) }),
      });
      // @ts-expect-error there must be a directory
      diskCacheStore({});
      // @ts-expect-error an option that there is not
      diskCacheStore({ directory: './cache', sizeLimt: 5 });
      // @ts-expect-error a store is no path
      CacheModule.register({ stores: './cache' });
    `;
      tree.write('app.mts', source);
      tree.write('app.cts', source);
      expect(tree.compile('app.mts', 'app.cts')).toBe('');
    },
  );
});
