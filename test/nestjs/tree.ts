import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const installed = (name: string) => join(root, 'node_modules', name);

/** Packages that find what they need from wherever they are. */
const LINKED = [
  '@cacheable/utils',
  '@diskcache/nestjs',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@types/node',
  'cacheable',
  'reflect-metadata',
  'rxjs',
];

/** A project as npm lays it out: one Keyv at the root, for NestJS, and cache-manager with the Keyv 5 that it wants. */
export class Tree {
  readonly #folder: string;

  constructor(folder: string, rootKeyv: 'keyv5' | 'keyv6') {
    this.#folder = folder;
    for (const name of LINKED) this.#link(installed(name), name);
    this.#copy('@nestjs/cache-manager');
    this.#copy('cache-manager');
    this.#link(installed(rootKeyv), 'keyv');
    this.#link(installed('keyv5'), join('cache-manager', 'node_modules', 'keyv'));
  }

  get rootKeyvVersion(): string {
    return JSON.parse(readFileSync(join(this.#folder, 'node_modules/keyv/package.json'), 'utf8')).version;
  }

  path(...parts: string[]): string {
    return join(this.#folder, ...parts);
  }

  /** The example app as it is built. */
  addExample(): string {
    cpSync(join(root, 'packages/nestjs/example/dist/app'), this.path('app'), { recursive: true });
    this.write('package.json', '{ "type": "module" }');
    return this.path('app', 'main.js');
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** What the compiler has to say about these files. */
  compile(...files: string[]): string {
    const options =
      '--noEmit --strict --skipLibCheck --target es2023 --module nodenext --experimentalDecorators';
    const tsc = join(installed('typescript'), 'bin', 'tsc');
    const { stdout } = spawnSync(
      process.execPath,
      [tsc, ...options.split(' '), '--types', 'node', ...files],
      {
        cwd: this.#folder,
        encoding: 'utf8',
      },
    );
    return stdout;
  }

  #copy(name: string): void {
    cpSync(installed(name), this.path('node_modules', name), { recursive: true });
  }

  #link(target: string, name: string): void {
    const link = this.path('node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'junction');
  }
}
