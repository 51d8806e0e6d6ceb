import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { DiskCache, DiskCacheError, type ShardedDiskCache } from '@diskcache/core';
import { CacheTags, DiskCacheInterceptor, DiskCacheModule } from '@diskcache/nestjs';
import { CACHE_MANAGER, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, StreamableFile, UseInterceptors } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { openSharded } from '../support/sharded.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { listen } from './listening-app.ts';

/** Answers as a test wants it. */
const answer = vi.fn<() => StreamableFile>();
const large = 'x'.repeat(300_000);
const image = Buffer.alloc(200_000, 7);

@Controller()
@UseInterceptors(DiskCacheInterceptor)
class FilesController {
  @Get('file')
  @CacheTags('files')
  @CacheTTL(60_000)
  file() {
    return answer();
  }

  @Get('buffer')
  buffer() {
    return image;
  }
}

async function start(cache: DiskCache | ShardedDiskCache = openCache()) {
  const listening = await listen({
    imports: [DiskCacheModule.forRoot({ cache })],
    controllers: [FilesController],
  });
  const { ask } = listening;
  /** The file is there for others once its last bytes are committed, which is soon after they were sent. */
  const askUntilHit = () =>
    vi.waitFor(async () => {
      const answered = await ask('/file');
      expect(answered.found).toBe('HIT');
      return answered;
    });
  return { ...listening, cache, askUntilHit };
}

describe('a StreamableFile', () => {
  test('is sent from a ShardedDiskCache too, and is gone from it with its tag', async () => {
    answer.mockReset().mockImplementation(() => new StreamableFile(Readable.from([Buffer.from(large)])));
    const { app, ask, cache, askUntilHit } = await start(openSharded());
    expect(await ask('/file')).toMatchObject({ found: 'MISS', body: large });
    expect((await askUntilHit()).body).toBe(large);
    expect(app.get(DiskCache)).toBe(cache);
    await cache.evict('files');
    expect(await cache.count()).toBe(0);
    expect(await ask('/buffer')).toMatchObject({ found: 'MISS' });
    expect(await ask('/buffer')).toMatchObject({ found: 'HIT' });
  });

  test('is sent from a file of the cache the second time, with its headers', async () => {
    const path = join(temporaryFolder(), 'large.txt');
    writeFileSync(path, large);
    answer.mockReset().mockImplementation(
      () =>
        new StreamableFile(createReadStream(path), {
          type: 'text/plain',
          disposition: 'attachment; filename="l.txt"',
        }),
    );
    const { ask, cache, askUntilHit } = await start();
    const first = await ask('/file');
    expect(first).toMatchObject({ found: 'MISS', body: large });
    const calls = answer.mock.calls.length;
    const second = await askUntilHit();
    expect(second.body).toBe(large);
    expect(Object.fromEntries(second.headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-disposition': 'attachment; filename="l.txt"',
      'content-length': '300000',
    });
    expect(answer.mock.calls.length).toBe(calls);
    const [key] = await listed(cache.keys({ prefix: '/file#' }));
    expect(await cache.path(key!)).toMatch(/\.val$/);
  });

  test.for([
    ['empty', ''],
    ['small', 'small'],
    ['large', large],
  ] as const)('made of bytes that are %s comes back the same', async ([, text]) => {
    answer.mockReset().mockImplementation(() => new StreamableFile(Buffer.from(text)));
    const { ask, askUntilHit } = await start();
    expect((await ask('/file')).body).toBe(text);
    const { body, headers } = await askUntilHit();
    expect(body).toBe(text);
    expect(headers.get('content-type')).toBe('application/octet-stream');
  });

  test('goes with its tag, with its key and with its time, its bytes with it', async () => {
    const clock = new FakeClock(Date.now());
    const cache = openCache({ clock });
    answer.mockReset().mockImplementation(() => new StreamableFile(Buffer.from('bytes')));
    const { app, ask, askUntilHit } = await start(cache);
    await ask('/file');
    await askUntilHit();
    expect(await cache.evict('files')).toBe(2);
    expect(await cache.count()).toBe(0);
    expect((await ask('/file')).found).toBe('MISS');
    await askUntilHit();
    await app.get<Cache>(CACHE_MANAGER).del('/file');
    expect((await ask('/file')).found).toBe('MISS');
    await askUntilHit();
    expect(await cache.count()).toBe(2);
    clock.advance(60_000);
    expect((await ask('/file')).found).toBe('MISS');
  });

  test('whose tag is evicted while it is sent is not stored', async () => {
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const { ask, cache } = await start();
    const sent = ask('/file');
    source.write(large);
    await vi.waitFor(async () => expect(await cache.count()).toBe(1));
    expect(await cache.evict('files')).toBe(1);
    source.end();
    expect((await sent).body).toBe(large);
    await vi.waitFor(async () => expect(await listed(cache.keys())).toEqual([]));
    answer.mockImplementation(() => new StreamableFile(Buffer.from('new')));
    expect(await ask('/file')).toMatchObject({ found: 'MISS', body: 'new' });
  });

  test('is waited for by nobody while it is sent to a slow client', async () => {
    const source = new PassThrough();
    answer.mockReset().mockReturnValueOnce(new StreamableFile(source));
    answer.mockImplementation(() => new StreamableFile(Buffer.from('another')));
    const { ask, askUntilHit } = await start();
    const slow = ask('/file');
    source.write('first ');
    await vi.waitFor(() => expect(answer).toHaveBeenCalled());
    expect(await ask('/file')).toMatchObject({ found: 'MISS', body: 'another' });
    source.end('last');
    expect((await slow).body).toBe('first last');
    expect((await askUntilHit()).body).toBe('first last');
  });

  test('of which nothing arrives for long is not stored, and sent all the same', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const { ask, cache } = await start();
    const sent = ask('/file');
    source.write('first ');
    await vi.waitFor(async () => expect(await cache.has('/file')).toBe(true));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await cache.has('/file')).toBe(true);
    await vi.advanceTimersByTimeAsync(20_000);
    await vi.waitFor(async () => expect(await cache.has('/file')).toBe(false));
    source.end('last');
    expect((await sent).body).toBe('first last');
    expect(await listed(cache.keys())).toEqual([]);
  });

  test('that arrives slowly but surely is stored at last', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const clock = new FakeClock(Date.now());
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const { ask, askUntilHit, cache } = await start(openCache({ clock }));
    const sent = ask('/file');
    for (const part of ['first ', 'second ', 'third ']) {
      source.write(part);
      await vi.waitFor(async () => expect(await cache.has('/file')).toBe(true));
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(20_000);
      await vi.waitFor(async () => {
        expect((await cache.entry('/file'))?.expires).toBe(clock.now() + 60_000);
      });
      clock.advance(40_000);
    }
    source.end('last');
    expect((await sent).body).toBe('first second third last');
    expect((await askUntilHit()).body).toBe('first second third last');
  });

  test('that fails while it is sent is not stored', async () => {
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const { app, ask, cache } = await start();
    app.useLogger(false);
    const sent = ask('/file').catch(() => 'cut off');
    source.write(large);
    await vi.waitFor(async () => expect(await cache.count()).toBe(1));
    source.destroy(new Error('the disk of the library is gone'));
    expect(await sent).toBe('cut off');
    await vi.waitFor(async () => expect(await listed(cache.keys())).toEqual([]));
  });

  test('whose client goes away is not stored, and its source is closed', async () => {
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const { ask, cache } = await start();
    const leaving = new AbortController();
    const left = ask('/file', { signal: leaving.signal }).catch((error: Error) => error.name);
    source.write(large);
    await vi.waitFor(async () => expect(await cache.count()).toBe(1));
    leaving.abort();
    expect(await left).toBe('AbortError');
    await vi.waitFor(() => expect(source.destroyed).toBe(true));
    await vi.waitFor(async () => expect(await listed(cache.keys())).toEqual([]));
  });

  test('that is too large for the cache is sent whole, and that is logged once', async () => {
    answer.mockReset().mockImplementation(() => new StreamableFile(Readable.from(Array(30).fill(large))));
    const { app, ask, cache } = await start(openCache({ sizeLimit: 1_000_000 }));
    const error = vi.fn();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    for (const _ of [1, 2]) {
      const { found, body } = await ask('/file');
      expect(found).toBe('MISS');
      expect((body as string).length).toBe(30 * large.length);
      await vi.waitFor(async () => expect(await listed(cache.keys())).toEqual([]));
    }
    await vi.waitFor(() => expect(error).toHaveBeenCalledOnce());
    expect(error.mock.calls[0]?.[0]).toContain('ERR_DISKCACHE_TOO_LARGE is logged once');
  });

  test('is sent although the cache takes nothing of it, and that is logged', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    answer.mockReset().mockImplementation(() => new StreamableFile(Readable.from([large, large])));
    const cache = openCache();
    // As when others hold the write lock.
    const storing = vi.spyOn(cache, 'setStream').mockImplementation((_key, source) => {
      return once(source as Readable, 'close').then(() => Promise.reject((source as Readable).errored!));
    });
    const { app, ask } = await start(cache);
    const error = vi.fn();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    const sent = ask('/file');
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(1000);
      expect(storing).toHaveBeenCalled();
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect((await sent).body).toBe(large + large);
    await vi.waitFor(() => expect(error.mock.calls[0]?.[0]).toContain('the cache took nothing of a file'));
    await vi.waitFor(async () => expect(await listed(cache.keys())).toEqual([]));
  });

  test('that cannot be read is made anew, and that is logged', async () => {
    answer.mockReset().mockImplementation(() => new StreamableFile(Buffer.from('bytes')));
    const { app, ask, cache, askUntilHit } = await start();
    await ask('/file');
    await askUntilHit();
    const error = vi.fn();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    vi.spyOn(cache, 'getStream').mockRejectedValue(
      new DiskCacheError('ERR_DISKCACHE_STORAGE', 'cannot open it'),
    );
    expect(await ask('/file')).toMatchObject({ status: 200, found: 'MISS', body: 'bytes' });
    expect(error.mock.calls[0]?.[0]).toContain('cannot open it');
  });

  test('whose bytes were evicted is made anew', async () => {
    answer.mockReset().mockImplementation(() => new StreamableFile(Buffer.from('bytes')));
    const { ask, cache, askUntilHit } = await start();
    await ask('/file');
    await askUntilHit();
    expect(await cache.deletePrefix('/file#')).toBe(1);
    expect(await ask('/file')).toMatchObject({ found: 'MISS', body: 'bytes' });
    expect((await askUntilHit()).body).toBe('bytes');
  });

  test('that is still sent when the app closes does not keep it from closing', async () => {
    const source = new PassThrough();
    answer.mockReset().mockImplementation(() => new StreamableFile(source));
    const directory = temporaryFolder();
    const { app, ask } = await listen({
      imports: [DiskCacheModule.forRoot({ directory })],
      controllers: [FilesController],
    });
    const sent = ask('/file');
    source.write('first ');
    await vi.waitFor(() => expect(answer).toHaveBeenCalled());
    const closed = app.close();
    source.end('last');
    expect((await sent).body).toBe('first last');
    await closed;
  });
});

describe('a Buffer', () => {
  test('over the threshold is kept in a file, and answered alike', async () => {
    const { ask, cache } = await start();
    const { body } = await ask('/buffer');
    expect(await ask('/buffer')).toMatchObject({ found: 'HIT', body });
    expect(await cache.path('/buffer')).toMatch(/\.val$/);
    expect(await cache.get('/buffer')).toEqual(image);
  });
});
