import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');

const refused = [
  ['packages/core/src/codec/json.ts', '../storage/rows.ts'],
  ['packages/core/src/codec/json.ts', '../policy/policy.ts'],
  ['packages/core/src/codec/json.ts', '../upkeep/expire.ts'],
  ['packages/core/src/codec/json.ts', '../disk-cache-sync.ts'],
  ['packages/core/src/policy/lru.ts', '../codec/json.ts'],
  ['packages/core/src/policy/lru.ts', '../upkeep/expire.ts'],
  ['packages/core/src/policy/lru.ts', '../disk-cache.ts'],
  ['packages/core/src/storage/rows.ts', '../codec/json.ts'],
  ['packages/core/src/storage/rows.ts', '../policy/lru.ts'],
  ['packages/core/src/storage/rows.ts', '../upkeep/expire.ts'],
  ['packages/core/src/storage/rows.ts', '../disk-cache.ts'],
  ['packages/core/src/streams/incoming.ts', '../calls/write-queue.ts'],
  ['packages/core/src/streams/incoming.ts', '../engine/engine.ts'],
  ['packages/core/src/upkeep/expire.ts', '../disk-cache.ts'],
  ['packages/core/src/compute/leases.ts', '../disk-cache.ts'],
  ['packages/core/src/compute/leases.ts', '../recipes/lock.ts'],
  ['packages/core/src/collections/deque.ts', '../disk-cache.ts'],
  ['packages/core/src/collections/deque.ts', '../engine/engine.ts'],
  ['packages/core/src/collections/deque.ts', '../calls/in-turn.ts'],
  ['packages/core/src/collections/deque.ts', '../storage/storage.ts'],
  ['packages/core/src/collections/deque.ts', '../verbs/queues.ts'],
  ['packages/core/src/collections/deque.ts', '../recipes/lock.ts'],
  ['packages/core/src/recipes/lock.ts', '../disk-cache-sync.ts'],
  ['packages/core/src/recipes/lock.ts', '../engine/engine.ts'],
  ['packages/core/src/recipes/lock.ts', '../storage/storage.ts'],
  ['packages/core/src/recipes/lock.ts', '../collections/deque.ts'],
  ['packages/core/src/waiting/lines.ts', '../recipes/lock.ts'],
  ['packages/core/src/waiting/lines.ts', '../engine/engine.ts'],
  ['packages/core/src/verbs/writes.ts', '../disk-cache.ts'],
  ['packages/core/src/upkeep/share.ts', '../sharding/shards.ts'],
  ['packages/core/src/engine/engine.ts', '../sharding/shards.ts'],
  ['packages/core/src/collections/deque.ts', '../sharding/shards.ts'],
  ['packages/core/src/verbs/writes.ts', '../collections/deque.ts'],
  ['packages/core/src/verbs/writes.ts', '../compute/memoize.ts'],
  ['packages/core/src/calls/at-once.ts', '../verbs/writes.ts'],
  ['packages/core/src/calls/at-once.ts', '../disk-cache-sync.ts'],
  ['packages/core/src/engine/engine.ts', '../calls/call.ts'],
  ['packages/core/src/engine/engine.ts', '../verbs/writes.ts'],
  ['packages/core/src/entry/key.ts', '../engine/engine.ts'],
  ['packages/core/src/errors.ts', './options.ts'],
  ['packages/core/src/clock.ts', './options.ts'],
  ['packages/core/src/options.ts', './storage/rows.ts'],
  ['packages/core/src/options.ts', './codec/json.ts'],
  ['packages/core/src/disk-cache.ts', '@diskcache/keyv'],
  ['packages/keyv/src/index.ts', '../../core/src/index.ts'],
  ['packages/keyv/src/index.ts', '@diskcache/core/dist/index.js'],
] as const;

const allowed = [
  ['packages/core/src/sharding/shards.ts', '../disk-cache.ts'],
  ['packages/core/src/sharding/shards.ts', '../engine/engine.ts'],
  ['packages/core/src/storage/rows.ts', '../errors.ts'],
  ['packages/core/src/streams/incoming.ts', '../storage/files.ts'],
  ['packages/core/src/upkeep/expire.ts', '../storage/rows.ts'],
  ['packages/core/src/collections/deque.ts', '../collection-store.ts'],
  ['packages/core/src/collections/deque.ts', '../waiting/lines.ts'],
  ['packages/core/src/recipes/lock.ts', '../collection-store.ts'],
  ['packages/core/src/recipes/lock.ts', '../waiting/lines.ts'],
  ['packages/core/src/options.ts', './errors.ts'],
  ['packages/core/src/disk-cache.ts', './storage/rows.ts'],
  ['packages/keyv/src/index.ts', '@diskcache/core'],
] as const;

let complaints: Map<string, number[]>;
let directory: string;

/** Writes one file per place with one import a line, lints them all at once, and notes the refused lines. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'import-direction-'));
  copyFileSync(join(root, '.oxlintrc.json'), join(directory, '.oxlintrc.json'));
  for (const [file, lines] of linesOf([...refused, ...allowed])) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), lines.map((from) => `import '${from}';\n`).join(''));
  }
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json', '.'], {
    cwd: directory,
    encoding: 'utf8',
  });
  complaints = new Map();
  for (const { code, filename, labels } of JSON.parse(stdout).diagnostics) {
    if (code !== 'eslint(no-restricted-imports)') continue;
    const file = filename.replaceAll('\\', '/');
    complaints.set(file, [...(complaints.get(file) ?? []), labels[0].span.line]);
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

test.for(refused)('lint refuses that %s imports %s', ([file, from]) => {
  expect(complaints.get(file)).toContain(lineOf(file, from));
});

test.for(allowed)('lint allows that %s imports %s', ([file, from]) => {
  expect(complaints.get(file) ?? []).not.toContain(lineOf(file, from));
});

type Import = readonly [file: string, from: string];

function linesOf(imports: readonly Import[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const [file, from] of imports) lines.set(file, [...(lines.get(file) ?? []), from]);
  return lines;
}

function lineOf(file: string, from: string): number {
  return (
    linesOf([...refused, ...allowed])
      .get(file)!
      .indexOf(from) + 1
  );
}
