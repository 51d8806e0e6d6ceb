import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const modules = join(import.meta.dirname, '..', '..', 'node_modules');

const source = `
  import { createDiskStore } from '@diskcache/cache-manager';
  import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
  import { createCache } from 'cache-manager';
  import { Keyv } from 'keyv';

  const store = createDiskStore({ directory: process.argv[2]!, tags: (key) => [key] });
  const cache = createCache({ stores: [store, createKeyv({ cache: store.cache })] });
  const keyv: Keyv = createKeyv({ cache: store.cache }, { Keyv });
  new Keyv({ store: new KeyvDiskStore({ cache: store.cache }) });

  async function main() {
    await cache.set('key', 'text');
    await keyv.set('key', 'other');
    console.log(await cache.get('key'), await keyv.get('key'), await store.evict('key'));
    await cache.disconnect();
  }
  void main();
`;

/** cache-manager and Keyv have other classes, and so other types, for CommonJS than for ES modules. */
test.for(['cts', 'mts'])(
  'a project in .%s compiles without a cast, and runs',
  { timeout: 30_000 },
  (kind) => {
    const folder = temporaryFolder();
    symlinkSync(modules, join(folder, 'node_modules'), 'junction');
    writeFileSync(join(folder, `main.${kind}`), source);
    const run = (...line: string[]) => spawnSync(process.execPath, line, { cwd: folder, encoding: 'utf8' });
    const options = '--strict --skipLibCheck --target es2023 --module nodenext --types node';
    const compiled = run(join(modules, 'typescript', 'bin', 'tsc'), ...options.split(' '), `main.${kind}`);
    expect(compiled.stdout).toBe('');
    const { stdout, stderr } = run(join(folder, `main.${kind.replace('ts', 'js')}`), join(folder, 'cache'));
    expect({ stdout, stderr }).toEqual({ stdout: 'text other 1\n', stderr: '' });
  },
);
