import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const sources = join(import.meta.dirname, 'app');
const packageFolder = join(import.meta.dirname, '../../../packages/nestjs');
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

  /** Compiles each program that the package's README and its doc comments show. @returns what the compiler has to say */
  async buildExamples(): Promise<string> {
    const examples = this.builtPath('examples');
    mkdirSync(examples, { recursive: true });
    const programs = exampleTexts().map((text, at) => {
      const program = join(examples, `${at}.ts`);
      writeFileSync(program, text);
      return program;
    });
    return this.#compile(...programs);
  }

  /** Compiles the app, with a CacheModule of this client where it has one. @returns what the compiler has to say */
  async build(): Promise<string> {
    const built = this.builtPath('');
    rmSync(built, { recursive: true, force: true });
    mkdirSync(built);
    cpSync(sources, built, { recursive: true });
    const own = join(this.#folder, 'own-cache.module.ts');
    if (existsSync(own)) cpSync(own, this.builtPath('own-cache.module.ts'));
    return this.#compile(this.builtPath('main.ts'));
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

  async #compile(...programs: string[]): Promise<string> {
    const arguments_ = [tsc, ...OPTIONS.split(' '), ...programs];
    return promisify(execFile)(process.execPath, arguments_, { cwd: this.#folder }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  }
}

function exampleTexts(): string[] {
  const sources = join(packageFolder, 'src');
  const comments = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(sources, name), 'utf8').replaceAll(/^ *\* ?/gm, ''));
  const texts = [readFileSync(join(packageFolder, 'README.md'), 'utf8'), ...comments];
  return texts.flatMap((text) =>
    [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program]) => program!),
  );
}
