import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const sources = join(import.meta.dirname, 'app');
const tsc = join(import.meta.dirname, '../../../node_modules/typescript/bin/tsc');
const OPTIONS =
  '--strict --skipLibCheck --target es2023 --module nodenext --types node --experimentalDecorators --emitDecoratorMetadata ' +
  '--rewriteRelativeImportExtensions --useDefineForClassFields false --ignoreConfig --rootDir built --outDir built';

/** A client with one version of NestJS, in which the app is compiled against the packages that are there. */
export class NestTree {
  readonly #folder: string;

  constructor(client: string) {
    this.#folder = join(import.meta.dirname, '..', client);
  }

  /** Compiles the app, with a CacheModule of this client where it has one. @returns what the compiler has to say */
  async build(): Promise<string> {
    const built = this.builtPath('');
    rmSync(built, { recursive: true, force: true });
    mkdirSync(built);
    cpSync(sources, built, { recursive: true });
    const own = join(this.#folder, 'own-cache.module.ts');
    if (existsSync(own)) cpSync(own, this.builtPath('own-cache.module.ts'));
    const run = promisify(execFile)(process.execPath, [tsc, ...OPTIONS.split(' '), 'built/main.ts'], {
      cwd: this.#folder,
    });
    return run.then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  }

  /** The app, once it is compiled. */
  get main(): string {
    return this.builtPath('main.js');
  }

  /** Of something that is removed by the next build(). */
  builtPath(name: string): string {
    return join(this.#folder, 'built', name);
  }

  /** The version of an installed package, or undefined. */
  versionOf(name: string): string | undefined {
    try {
      const manifest = readFileSync(join(this.#folder, 'node_modules', name, 'package.json'), 'utf8');
      return (JSON.parse(manifest) as { version: string }).version;
    } catch {
      return undefined;
    }
  }
}
