import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { given, say, sayLast, told } from '../../support/parent.ts';

/** Has strace note what another process does to files, in the order in which the calls end. */
const { pid } = given<{ pid: number }>();

const CALLS = 'fsync,fdatasync,pwrite64,write,rename,renameat,renameat2';
const strace = spawn('strace', ['-f', '-y', '-s', '200', '-e', `trace=${CALLS}`, '-p', `${pid}`]);
const done: { call: string; given: string; isMain: boolean }[] = [];
const begun = new Map<number, { call: string; given: string }>();

const lines = createInterface({ input: strace.stderr });
const [first] = await once(lines, 'line');
say('tracing', first);
void told('stop').then(() => strace.kill('SIGINT'));
for await (const line of lines) note(line);
sayLast('calls', done);

function note(line: string): void {
  // Only calls of threads are marked, as long as there are several.
  const [, marked, rest = ''] = /^(?:\[pid +(\d+)\] )?(.*)$/.exec(line) ?? [];
  const thread = Number(marked ?? pid);
  const [, call, text = ''] = /^(\w+)\((.*)$/.exec(rest) ?? [];
  if (call !== undefined) begun.set(thread, { call, given: text });
  if (/<unfinished/.test(rest)) return;
  const ended = begun.get(thread);
  if (ended === undefined || !/ = \d+$/.test(rest)) return;
  done.push({ ...ended, isMain: thread === pid });
  begun.delete(thread);
}
