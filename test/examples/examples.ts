import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program out of the documentation, and what it says that it prints. */
export interface Example {
  /** Where it is from, as `file:line`. */
  readonly place: string;
  readonly code: string;
  readonly prints: readonly string[];
}

const PRINTS = /console\.log\(.*\);\s*\/\/ (.*)$/;

/** What an example that opens no cache, or imports nothing of an adapter, takes as given. */
const OPEN = {
  async: "import { DiskCache } from '@diskcache/core';\nawait using cache = new DiskCache('./cache');\n",
  sync: "import { DiskCacheSync } from '@diskcache/core';\nusing cache = new DiskCacheSync('./cache');\n",
  keyv: `
    import { createKeyv, storeOf, withTags } from '@diskcache/keyv';
    const keyv = createKeyv({ directory: './cache' });
    const store = storeOf(keyv);
    await using end = new AsyncDisposableStack();
    end.defer(() => keyv.disconnect());
    const findUser = async (id: number) => ({ id, team: 7 });
  `,
  'cache-manager': `
    import { assertStores, createDiskStore, diskStoreOf, tagged } from '@diskcache/cache-manager';
    import { createCache } from 'cache-manager';
    const cache = createCache({ stores: [createDiskStore({ directory: './cache' })] });
    await using end = new AsyncDisposableStack();
    end.defer(async () => void (await cache.disconnect()));
    const findBook = async (id: number) => ({ id, author: 'Ada' });
    const [user, book] = [{ name: 'Ada' }, await findBook(2)];
  `,
};

export type Open = keyof typeof OPEN;

/** The examples of all doc comments of a package's sources. */
export function examplesOfSources(folder: string, open?: Open): Example[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.sort().flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const isInComment = (line: string) => /^\s*\*/.test(line);
    return blocks(lines, isInComment, (line) => line.replace(/^\s*\* ?/, '')).map(({ line, code }) =>
      example(`${file}:${line}`, code, open ?? (file.includes('sync') ? 'sync' : 'async')),
    );
  });
}

/** The examples of a text in Markdown. */
export function examplesOfText(path: string, name: string, open: Open = 'async'): Example[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return blocks(
    lines,
    () => true,
    (line) => line,
  ).map(({ line, code }) => example(`${name}:${line}`, code, open));
}

function example(place: string, code: string, open: Open): Example {
  const prints = code.split('\n').flatMap((line) => PRINTS.exec(line)?.slice(1, 2) ?? []);
  const whole = open === 'async' || open === 'sync' ? /new (Sharded)?DiskCache/ : /from '@diskcache\//;
  return { place, code: whole.test(code) ? code : OPEN[open] + code, prints };
}

function blocks(
  lines: readonly string[],
  isText: (line: string) => boolean,
  textOf: (line: string) => string,
): { line: number; code: string }[] {
  const found: { line: number; code: string }[] = [];
  let start: number | undefined;
  for (const [index, line] of lines.entries()) {
    const text = isText(line) ? textOf(line).trimEnd() : '';
    if (start === undefined && /^```ts$/.test(text.trim())) start = index + 1;
    else if (start !== undefined && text.trim() === '```') {
      found.push({ line: start + 1, code: lines.slice(start, index).map(textOf).join('\n') });
      start = undefined;
    }
  }
  return found;
}
