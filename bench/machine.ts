import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type as systemType } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import manifest from './package.json' with { type: 'json' };
import { median } from './ratios.ts';

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
};
const SYNCS = 30;

/** What the numbers were measured on and with, and of which commit; `directory` is where the data will be. */
export function machine(directory: string): { lines: readonly string[]; commit: string } {
  const db = new Database(':memory:');
  const sqlite = db.prepare<[], string>('SELECT sqlite_version()').pluck().get();
  db.close();
  const cores = cpus();
  const versions = Object.entries(manifest.devDependencies).map(([name, version]) => `${name} ${version}`);
  const { commit, isChanged } = commitHere();
  const lines = [
    `commit    ${commit}${isChanged ? ' and changes' : ''}, ${new Date().toISOString().slice(0, 10)}`,
    `cpu       ${cores[0]?.model.trim()}, ${cores.length} cores; load ${loadavg()[0]?.toFixed(2)} before the start`,
    `memory    ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `system    ${systemType()} ${release()} ${arch()}`,
    `disk      ${fileSystem(directory)}, fsync of 4 KiB ${syncMs(directory).toFixed(2)} ms`,
    `versions  node ${process.versions.node}, SQLite ${sqlite}, ${versions.join(', ')}`,
    'SQLite    every subject: journal_mode = WAL, synchronous = NORMAL, no fsync at COMMIT but at checkpoints;',
    '          a commit outlives the process, not a power cut',
    '          sqlite, sqlite-ordered, keyv6-sqlite: SQLite checkpoints every 1000 pages, in the set that comes to it',
  ];
  return { lines, commit };
}

function commitHere(): { commit: string; isChanged: boolean } {
  const git = (...given: string[]) =>
    execFileSync('git', given, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--', '../packages', '.') !== '';
    return { commit: git('rev-parse', '--short=10', 'HEAD'), isChanged };
  } catch {
    return { commit: 'unknown', isChanged: false };
  }
}

function fileSystem(directory: string): string {
  const { type } = statfsSync(directory);
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
}

function syncMs(directory: string): number {
  const path = join(directory, 'sync');
  const file = openSync(path, 'w');
  const times = Array.from({ length: SYNCS }, (_, number) => {
    const start = performance.now();
    writeSync(file, Buffer.alloc(4096, number), 0, 4096, number * 4096);
    fsyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}
