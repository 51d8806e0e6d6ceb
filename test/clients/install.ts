/**
 * Installs each client, a folder of this one with a package.json and a lockfile, as a project of its own, and puts the built
 * packages into it as `npm install` would: copies, so that what they import is what the client has.
 *
 * A tree whose package.json and lockfile have not changed is not installed again. With `--lock` it makes the lockfiles anew.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Manifest {
  version: string;
  dependencies?: Record<string, string>;
}

const PACKAGES = ['core', 'keyv', 'cache-manager', 'nestjs'];
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

const packages = join(import.meta.dirname, '..', '..', 'packages');
const makesLocks = process.argv.includes('--lock');

const clients = readdirSync(import.meta.dirname)
  .map((name) => join(import.meta.dirname, name))
  .filter((folder) => existsSync(join(folder, 'package.json')));

await Promise.all(clients.map(makesLocks ? lock : install));
if (!makesLocks) for (const client of clients) addBuiltPackages(client);

async function lock(client: string): Promise<void> {
  // With node_modules there, npm would copy from it, and leave out the checksums.
  for (const name of ['package-lock.json', 'node_modules']) {
    rmSync(join(client, name), { recursive: true, force: true });
  }
  await npm(client, 'install', '--package-lock-only', '--omit-lockfile-registry-resolved');
}

async function install(client: string): Promise<void> {
  // `npm ci` begins with removing node_modules, and this note with it.
  const note = join(client, 'node_modules', '.installed-from');
  const wanted = createHash('sha256')
    .update(readFileSync(join(client, 'package.json')))
    .update(readFileSync(join(client, 'package-lock.json')))
    .digest('hex');
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted) return;
  await npm(client, 'ci', '--prefer-offline');
  writeFileSync(note, wanted);
}

async function npm(client: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('npm', [...args, ...QUIET], { cwd: client, shell: process.platform === 'win32' });
}

function addBuiltPackages(client: string): void {
  const { dependencies = {} } = manifest(client);
  for (const name of PACKAGES) {
    const built = join(packages, name);
    const target = join(client, 'node_modules', '@diskcache', name);
    for (const [needed, version] of Object.entries(manifest(built).dependencies ?? {})) {
      if (needed.startsWith('@diskcache/') || dependencies[needed] === version) continue;
      throw new Error(
        `${client}/package.json must have ${needed} ${version}, which @diskcache/${name} needs`,
      );
    }
    rmSync(target, { recursive: true, force: true });
    for (const part of ['package.json', 'dist']) {
      cpSync(join(built, part), join(target, part), { recursive: true });
    }
  }
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
