import type { Host } from '../collection-store.ts';
import { keepRenewing, type Renewal } from './renewal.ts';

/** Those of this process that wait for the same. */
interface Waiting {
  readonly tokens: Set<number>;
  readonly renewal: Renewal;
}

const waiting = new WeakMap<Host, Map<string, Waiting>>();

/**
 * Gives one sign of life now and then for all of this process that wait for the same, so that many of them cost no more
 * than one.
 *
 * @param key what they wait for
 * @param renewAll believes for another lease that these are alive
 * @returns a function that ends it for this one
 */
export function renewTogether(
  host: Host,
  { key, leaseMs, token }: { readonly key: string; readonly leaseMs: number; readonly token: number },
  renewAll: (tokens: ReadonlySet<number>) => Promise<unknown>,
): () => void {
  const ofHost = waiting.get(host) ?? new Map<string, Waiting>();
  waiting.set(host, ofHost);
  const name = `${leaseMs} ${key}`;
  const { tokens, renewal } = ofHost.get(name) ?? begin(host, leaseMs, renewAll);
  ofHost.set(name, { tokens, renewal });
  tokens.add(token);
  return () => {
    if (!tokens.delete(token) || tokens.size > 0) return;
    renewal.stop();
    ofHost.delete(name);
  };
}

function begin(
  host: Host,
  leaseMs: number,
  renewAll: (tokens: ReadonlySet<number>) => Promise<unknown>,
): Waiting {
  const tokens = new Set<number>();
  const renewal = keepRenewing(host, leaseMs, async () => {
    await renewAll(tokens);
    return true;
  });
  return { tokens, renewal };
}
