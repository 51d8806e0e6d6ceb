import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { CountingServer } from '../counting-server.ts';
import { runScript } from '../run-script.ts';

interface Answer {
  fromCache: boolean;
  body: string;
}

/** Large enough for a file of its own. */
const PAGE = 'A page that may be kept. '.repeat(10_000);

function startServer(): Promise<CountingServer> {
  return CountingServer.start((_, response) => {
    response.setHeader('cache-control', 'max-age=3600').end(PAGE);
  });
}

test.for([
  ['got', 'a store'],
  ['got', 'a Keyv'],
  ['got', 'a Keyv of CommonJS'],
  ['got', 'a Keyv 6'],
  ['cacheable-request', 'a store'],
] as const)(
  'what one process got by %s with %s another has from disk, with the server gone',
  async ([client, form]) => {
    const script = join(import.meta.dirname, `ask-by-${client}.ts`);
    const directory = temporaryFolder();
    const server = await startServer();
    const url = server.url('/page');

    const first = await runScript<Answer>(script, directory, url, form);
    expect(first).toEqual({ fromCache: false, body: PAGE });
    expect(server.asked).toBe(1);
    await server.stop();

    const second = await runScript<Answer>(script, directory, url, form);
    expect(second).toEqual({ fromCache: true, body: PAGE });
  },
);
