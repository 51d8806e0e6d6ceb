import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on the loopback interface that counts what it is asked. It ends with the running test, or before. */
export class CountingServer {
  asked = 0;
  readonly #server = createServer((request, response) => {
    this.asked++;
    this.#answer(request, response);
  });
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void;

  private constructor(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#answer = answer;
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<CountingServer> {
    const server = new CountingServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => server.stop());
    return server;
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
