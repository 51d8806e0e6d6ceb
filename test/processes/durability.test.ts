import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Call {
  readonly call: string;
  readonly given: string;
  readonly isMain: boolean;
}

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!canTrace) console.log('skipped: no strace here, so that nothing tells what was synced');

const isLogWrite = ({ call, given }: Call) => call === 'pwrite64' && given.includes('cache.db-wal>');
const isLogSync = ({ call, given }: Call) => call === 'fdatasync' && given.includes('cache.db-wal>');
const isFileSync = ({ call, given }: Call) => call === 'fsync' && given.includes('.val.tmp>');
const isRename = ({ call, given }: Call) => call.startsWith('rename') && given.includes('.val.tmp"');
const isFolderSync = ({ call, given }: Call) => call === 'fsync' && /\/values\/[0-9a-f]{2}>/.test(given);

/** What the system was asked for during each verb, until its caller was told that it is done. */
async function tracedVerbs(
  durability: string,
  { directory = temporaryFolder(), only }: { directory?: string; only?: string } = {},
): Promise<Map<string, Call[]>> {
  const writing = new Child('write-durably', { directory, durability, only });
  await writing.says('ready');
  const tracing = new Child('trace-files', { pid: writing.pid });
  await tracing.says('tracing');
  writing.tell('go');
  const names = await writing.says<string[]>('done');
  tracing.tell('stop');
  const verbs = new Map<string, Call[]>();
  let during: Call[] = [];
  for (const call of await tracing.says<Call[]>('calls')) {
    const [, mark, verb = ''] = /notes>, "(begins|stored) ([\w ]+)/.exec(call.given) ?? [];
    if (mark === 'begins') during = [];
    else if (mark === 'stored') verbs.set(verb, during.splice(0));
    else during.push(call);
  }
  writing.tell('close');
  await writing.ended;
  expect([...verbs.keys()]).toEqual(names);
  expect(names.length).toBeGreaterThan(only === undefined ? 50 : 0);
  return verbs;
}

it.skipIf(!canTrace)(
  "With durability 'full' a call is done only when its file, its folder and the log are on disk, in this order",
  async () => {
    for (const [verb, calls] of await tracedVerbs('full')) {
      const lastLogWrite = calls.findLastIndex(isLogWrite);
      const logSync = calls.findLastIndex(isLogSync);
      expect({ verb, lastLogWrite }).not.toMatchObject({ lastLogWrite: -1 });
      expect({ verb, isSynced: logSync > lastLogWrite }).toEqual({ verb, isSynced: true });
      if (verb.endsWith('large value')) {
        const places = [isFileSync, isRename, isFolderSync].map((which) => calls.findIndex(which));
        expect({ verb, places }).toEqual({ verb, places: places.toSorted((a, b) => a - b) });
        expect({ verb, first: places[0] }).not.toMatchObject({ first: -1 });
        expect(places[2]).toBeLessThan(lastLogWrite);
      }
      const isSync = ({ call }: Call) => call === 'fsync' || call === 'fdatasync';
      const byEventLoop = calls.filter((call) => isSync(call) && call.isMain);
      // The body of a transaction is synchronous, and so are the files that it writes.
      const isAsync = !verb.startsWith('sync ') && verb !== 'transact of a large value';
      if (isAsync) expect({ verb, byEventLoop }).toEqual({ verb, byEventLoop: [] });
    }
  },
  30_000,
);

it.skipIf(!canTrace)(
  "With durability 'full' the name of a folder is on disk, too, that another process has just made",
  async () => {
    const directory = temporaryFolder();
    for (let i = 0; i < 256; i++) {
      const name = i.toString(16).padStart(2, '0');
      mkdirSync(join(directory, 'cache', 'values', name), { recursive: true });
    }
    const only = 'set of a large value';
    const calls = (await tracedVerbs('full', { directory, only })).get(only) as Call[];
    const isNameSync = ({ call, given }: Call) => call === 'fsync' && /\/cache\/values>/.test(given);
    expect(calls.findIndex(isNameSync)).toBeGreaterThan(calls.findIndex(isRename));
    expect(calls.findIndex(isNameSync)).toBeLessThan(calls.findLastIndex(isLogWrite));
  },
  30_000,
);

it.skipIf(!canTrace)(
  "With durability 'normal' no call waits for the disk",
  async () => {
    for (const [verb, calls] of await tracedVerbs('normal')) {
      // Ends with a checkpoint.
      if (verb.endsWith('vacuum')) continue;
      expect({ verb, syncs: calls.filter(({ call }) => call.endsWith('sync')) }).toEqual({ verb, syncs: [] });
    }
  },
  30_000,
);
