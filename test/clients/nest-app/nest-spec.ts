import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { NestTree } from './nest-tree.ts';
import { StartedApp } from './started-app.ts';

interface Versions {
  readonly nest: string;
  readonly cacheManager: string;
  readonly keyv: string | undefined;
}

/** What DiskCache promises in a NestJS app, of whatever version. */
export function nestSpec(client: string, { nest, cacheManager, keyv }: Versions): void {
  const tree = new NestTree(client);
  let compiled: string;
  let app: StartedApp;

  const start = async (env: Record<string, string>) => {
    const started = await StartedApp.start(tree.main, env);
    onTestFinished(() => void started.kill('SIGKILL'));
    return started;
  };

  beforeAll(async () => {
    compiled = await tree.build();
    app = await StartedApp.start(tree.main, { CACHE_DIRECTORY: tree.builtPath('cache') });
  }, 60_000);
  afterAll(() => void app?.kill('SIGKILL'));

  test('the tree has the versions that it is named for', () => {
    expect({ nest: tree.versionOf('@nestjs/core'), cacheManager: tree.versionOf('cache-manager') }).toEqual({
      nest,
      cacheManager,
    });
    expect(tree.versionOf('keyv')).toBe(keyv);
  });

  test('the app compiles without a cast', () => {
    expect(compiled).toBe('');
  });

  test.for(['/plain', '/books/1', '/reports'])('%s misses, and hits with the same answer', async (path) => {
    const first = await app.ask(path);
    expect(first).toMatchObject({ status: 200, found: 'MISS', body: { made: { by: app.pid } } });
    expect(await app.ask(path)).toEqual({ ...first, found: 'HIT' });
  });

  test.for(['/plain/brief', '/books/brief'])('%s lives as long as @CacheTTL() says', async (path) => {
    await app.ask(path);
    await app.ask('/clock/10000', 'PUT');
    expect((await app.ask(path)).found).toBe('HIT');
    await app.ask('/clock/10000', 'PUT');
    expect((await app.ask(path)).found).toBe('MISS');
  });

  test('wrap() computes once, and keeps types', async () => {
    const first = await app.ask('/reports/wrapped');
    expect(first.body).toMatchObject({ value: 1, born: '1970-01-01T00:00:00.000Z' });
    expect(await app.ask('/reports/wrapped')).toEqual(first);
    const named = await app.ask('/reports/wrapped-by-name');
    expect(await app.ask('/reports/wrapped-by-name')).toEqual(named);
    await app.ask('/clock/20000', 'PUT');
    expect((await app.ask('/reports/wrapped-by-name')).body).not.toEqual(named.body);
  });

  test('@EvictTags() evicts what @CacheTags() has tagged, of the request and of the answer', async () => {
    const visit = async () => {
      const answers = [await app.ask('/books/1'), await app.ask('/books/2'), await app.ask('/books/brief')];
      return answers.map(({ found }) => found);
    };
    await visit();
    expect(await visit()).toEqual(['HIT', 'HIT', 'HIT']);
    expect((await app.ask('/editing/2', 'PUT')).body).toEqual({ changed: true });
    expect(await visit()).toEqual(['HIT', 'MISS', 'HIT']);
    await app.ask('/editing', 'PUT');
    expect(await visit()).toEqual(['MISS', 'MISS', 'HIT']);
    await app.ask('/reports', 'DELETE');
    expect(await visit()).toEqual(['MISS', 'MISS', 'MISS']);
  });

  test('an error is answered as ever, and not stored', async () => {
    expect((await app.ask('/books/missing')).status).toBe(404);
    expect(await app.ask('/books/missing')).toMatchObject({ status: 404, found: 'MISS' });
  });

  test('files and bytes come back the same', async () => {
    await filesComeBack(app);
  });

  test('Terminus shows a cache that is up, and one that is down', async () => {
    const own = await start({ CACHE_DIRECTORY: folderInMemory() });
    const up = await own.ask('/health');
    expect(up).toMatchObject({
      status: 200,
      body: { status: 'ok', details: { pages: { status: 'up', entries: 0 } } },
    });
    const down = await own.ask('/health/after-closing');
    expect(down).toMatchObject({
      status: 503,
      body: { status: 'error', error: { pages: { status: 'down', code: 'ERR_DISKCACHE_CLOSED' } } },
    });
  });

  test('answers outlive kill -9, and the app closes its caches without shutdown hooks', async () => {
    const CACHE_DIRECTORY = folderInMemory();
    const first = await start({ CACHE_DIRECTORY });
    const paths = ['/plain', '/books/1', '/reports', '/reports/wrapped'];
    for (const path of paths) await first.ask(path);
    expect(await first.kill('SIGKILL')).toBe('SIGKILL');

    const second = await start({ CACHE_DIRECTORY });
    for (const path of paths) {
      expect((await second.ask(path)).body).toMatchObject({ made: { by: first.pid } });
    }
    await second.ask('/app', 'DELETE');
    expect(await second.line()).toBe('after close: ERR_DISKCACHE_CLOSED');
    expect(await second.ended()).toBe(0);
    expect(await second.errors()).toBe('');
  });

  test("a CacheModule of the app's own works as well, and two processes make an answer once", async () => {
    const env = { CACHE_DIRECTORY: folderInMemory(), OWN_CACHE_MODULE: '1', SHUTDOWN_HOOKS: '1' };
    const apps = [await start(env), await start(env)];
    const [one, other] = apps as [StartedApp, StartedApp];
    const answers = await Promise.all(
      apps.flatMap((each) => [each.ask('/books/slow'), each.ask('/books/slow')]),
    );
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter(({ found }) => found === 'MISS')).toHaveLength(1);

    await one.ask('/books/1');
    expect((await other.ask('/books/1')).found).toBe('HIT');
    await other.ask('/editing/1', 'PUT');
    expect((await one.ask('/books/1')).found).toBe('MISS');
    // The ttl that its CacheModule was given, or the store of that.
    await one.ask('/clock/60000', 'PUT');
    expect((await one.ask('/books/1')).found).toBe('MISS');
    for (const each of apps) expect(await each.kill('SIGTERM')).toBe('SIGTERM');
    for (const each of apps) expect(await each.errors()).toBe('');
  });
}

/** The same on Fastify, which has requests and responses of its own. After nestSpec(), which compiles the app. */
export function fastifySpec(client: string): void {
  test('all of it works on Fastify too', async () => {
    const env = { CACHE_DIRECTORY: folderInMemory(), ADAPTER: '@nestjs/platform-fastify' };
    const app = await StartedApp.start(new NestTree(client).main, env);
    onTestFinished(() => void app.kill('SIGKILL'));
    const first = await app.ask('/books/1');
    expect(first).toMatchObject({ status: 200, found: 'MISS', body: { id: '1' } });
    expect(await app.ask('/books/1')).toEqual({ ...first, found: 'HIT' });
    await app.ask('/editing/1', 'PUT');
    expect((await app.ask('/books/1')).found).toBe('MISS');
    await filesComeBack(app);
    expect((await app.ask('/files/buffer')).type).toBe('application/octet-stream');
  });
}

/** A StreamableFile is there for others once its last bytes are committed, which is soon after they were sent. */
async function filesComeBack(app: StartedApp): Promise<void> {
  const [stream, buffer] = [await app.ask('/files/stream'), await app.ask('/files/buffer')];
  expect(stream).toMatchObject({ found: 'MISS', type: 'text/plain' });
  expect((stream.body as string).length).toBe(200_000 + String(app.pid).length);
  expect(await app.ask('/files/buffer')).toEqual({ ...buffer, found: 'HIT' });
  await vi.waitFor(async () => expect(await app.ask('/files/stream')).toEqual({ ...stream, found: 'HIT' }));
}
