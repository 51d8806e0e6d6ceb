import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subject } from '../subjects/subject.ts';
import type { DataSetName } from '../workload.ts';

const FILL = join(import.meta.dirname, 'fill.ts');

/** Filled directories, one for each subject and data set, made when first needed and copied for each cell. */
export class Filled {
  readonly #directory: string;
  readonly #made = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async copy(subject: Subject, data: DataSetName, to: string): Promise<void> {
    mkdirSync(to, { recursive: true });
    if (!subject.isPersistent) return;
    const original = join(this.#directory, `${subject.name}-${data}`);
    const made = this.#made.get(original) ?? fill(subject.name, data, original);
    this.#made.set(original, made);
    await made;
    await cp(original, to, { recursive: true });
  }
}

/** In a process that then ends, so that nothing of it is left in memory. */
async function fill(subject: string, data: DataSetName, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const filling = spawn(process.execPath, [FILL, subject, data, directory], { stdio: 'inherit' });
  const [code] = (await once(filling, 'exit')) as [number];
  if (code !== 0) throw new Error(`${subject} could not be filled with ${data}`);
}
