import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { runScript } from '../run-script.ts';

interface Served {
  pid: number;
  answers: { found: string; body: string }[];
}

test('cacheable-response serves from disk what another process has made', async () => {
  const script = join(import.meta.dirname, 'serve.ts');
  const directory = temporaryFolder();
  const first = await runScript<Served>(script, directory);
  const second = await runScript<Served>(script, directory);
  const body = `made by ${first.pid}`;
  expect(first.answers).toEqual([
    { found: 'MISS', body },
    { found: 'HIT', body },
  ]);
  expect(second.answers).toEqual([
    { found: 'HIT', body },
    { found: 'HIT', body },
  ]);
});
