/** The other end of Child, for its scripts. */

interface Message {
  readonly name: string;
  readonly content: unknown;
}

const unread: Message[] = [];
let wake: (() => void) | undefined;

/** What the test gave to this process. */
export function given<Given>(): Given {
  return JSON.parse(process.argv[2] ?? '{}') as Given;
}

/** Tells the test. */
export function say(name: string, content?: unknown): void {
  process.send?.({ name, content });
}

/** Tells the test something long, and lets go of it once it was told. */
export function sayLast(name: string, content: unknown): void {
  process.send?.({ name, content }, () => process.disconnect());
}

/** Waits until the test tells something of this name. Until then the process stays alive. */
export async function told<Content = unknown>(name: string): Promise<Content> {
  listen();
  process.channel?.ref();
  for (;;) {
    const at = unread.findIndex((message) => message.name === name);
    if (at !== -1) {
      process.channel?.unref();
      return unread.splice(at, 1)[0]?.content as Content;
    }
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

/** Whether the test has told something of this name. Needs the event loop to turn in between. */
export function wasTold(name: string): boolean {
  listen();
  return unread.some((message) => message.name === name);
}

function listen(): void {
  if (process.listenerCount('message') > 0) return;
  process.on('message', (message: Message) => {
    unread.push(message);
    wake?.();
  });
  process.channel?.unref();
}
