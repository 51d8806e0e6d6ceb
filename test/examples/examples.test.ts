import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Example, examplesOfSources, examplesOfText } from './examples.ts';

const root = join(import.meta.dirname, '..', '..');
/** Below this folder, so that an example finds the packages it imports. */
const programs = join(root, 'test', 'results', 'examples');

const examples = [
  ...examplesOfSources(join(root, 'packages/core/src')),
  ...examplesOfText(join(root, 'packages/core/README.md'), 'README.md'),
  ...(['keyv', 'cache-manager'] as const).flatMap((name) => [
    ...examplesOfSources(join(root, 'packages', name, 'src'), name),
    ...examplesOfText(join(root, 'packages', name, 'README.md'), `README of ${name}`, name),
  ]),
];

function programOf({ place }: Example): string {
  return join(programs, `${place.replaceAll(/[^\w.-]+/g, '-')}.mts`);
}

beforeAll(() => {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs, { recursive: true });
  for (const one of examples) writeFileSync(programOf(one), one.code);
  writeFileSync(
    join(programs, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { rootDir: '../..', noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.mts'],
    }),
  );
});

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3);
});

test('all examples compile under strict', { timeout: 60_000 }, () => {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', programs], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

test.for(examples)('the example in $place prints what it says', { timeout: 30_000 }, async (one) => {
  const program = spawn(process.execPath, [programOf(one)], {
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const [printed, failed] = await Promise.all([text(program.stdout), text(program.stderr)]);
  expect(failed).toBe('');
  expect(printed.trimEnd().split('\n').filter(Boolean)).toEqual(one.prints);
});
