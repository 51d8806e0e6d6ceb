import { describe, expect, onTestFinished, test } from 'vitest';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { filesComeBack, nestSpec } from '../nest-app/nest-spec.ts';
import { NestTree } from '../nest-app/nest-tree.ts';
import { StartedApp } from '../nest-app/started-app.ts';

describe('NestJS 11 with cache-manager 7, Keyv 6 at the root', () => {
  nestSpec('nest-11', { nest: '11.2.10', cacheManager: '7.2.9', keyv: '6.1.0' });

  test('all of it works on Fastify too', async () => {
    const env = { CACHE_DIRECTORY: folderInMemory(), ADAPTER: '@nestjs/platform-fastify' };
    const app = await StartedApp.start(new NestTree('nest-11').main, env);
    onTestFinished(() => void app.kill('SIGKILL'));
    const first = await app.ask('/books/1');
    expect(first).toMatchObject({ status: 200, found: 'MISS', body: { id: '1' } });
    expect(await app.ask('/books/1')).toEqual({ ...first, found: 'HIT' });
    await app.ask('/editing/1', 'PUT');
    expect((await app.ask('/books/1')).found).toBe('MISS');
    await filesComeBack(app);
    expect((await app.ask('/files/buffer')).type).toBe('application/octet-stream');
  });
});
