import { existsSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { Child } from '../support/child.ts';

async function openAndEnd(ending: string, end: (child: Child) => void) {
  const child = new Child('open-temporary', { ending });
  const directories = await child.says<string[]>('directories');
  onTestFinished(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });
  expect(directories.map((directory) => existsSync(directory))).toEqual([true, true]);
  end(child);
  const { code, signal } = await child.ended;
  return { code, signal, left: directories.filter((directory) => existsSync(directory)) };
}

it.each([
  { what: 'comes to its end', ending: 'end', code: 0 },
  { what: 'calls process.exit()', ending: 'exit', code: 3 },
  { what: 'dies of an error', ending: 'throw', code: 1 },
])('Temporary caches that were not closed are gone when the process $what', async ({ ending, code }) => {
  expect(await openAndEnd(ending, (child) => child.tell('go'))).toEqual({ code, signal: null, left: [] });
});

it('A process that is killed leaves its temporary caches behind', async () => {
  const { signal, left } = await openAndEnd('stay', (child) => child.kill());
  expect([signal, left.length]).toEqual(['SIGKILL', 2]);
});
