import { DiskCacheError } from '@diskcache/core';
import { shown } from './misuse.ts';

/** How Keyv hands over a value when its serializer is off. */
export interface Envelope<Value = unknown> {
  value: Value;
  expires: number | undefined;
}

/**
 * Reads what a Keyv with its own serializer wrote: JSON, in which text that begins with a colon tells what JSON has not.
 *
 * @throws DiskCacheError `ERR_DISKCACHE_SERIALIZER` when it is something else
 */
export function envelopeOfText(text: string, key: string): Envelope {
  try {
    const envelope = JSON.parse(text, (_, part: unknown) =>
      typeof part === 'string' ? revived(part) : part,
    );
    if (typeof envelope === 'object' && envelope !== null && !Array.isArray(envelope)) {
      return { ...envelope, expires: envelope.expires ?? undefined };
    }
  } catch {
    // It is no JSON.
  }
  throw new DiskCacheError(
    'ERR_DISKCACHE_SERIALIZER',
    `the entry ${shown(key)} was written by a Keyv with another serializer, compression or encryption: ` +
      'read it by a Keyv with the same, new Keyv({ store: new KeyvDiskStore(…), … })',
  );
}

/**
 * Writes what the serializer of Keyv 4 and 5 would have written.
 *
 * @throws DiskCacheError `ERR_DISKCACHE_SERIALIZER` for what that has no form for
 */
export function textOfEnvelope(envelope: Envelope, key: string): string {
  return JSON.stringify(envelope, function (this: Record<string, unknown>, name, asJson: unknown) {
    const part = this[name];
    if (Buffer.isBuffer(part)) return `:base64:${part.toString('base64')}`;
    if (typeof part === 'string') return part.startsWith(':') ? `:${part}` : part;
    if (hasForm(part)) return asJson;
    throw new DiskCacheError(
      'ERR_DISKCACHE_SERIALIZER',
      `the entry ${shown(key)} was written by a Keyv without serializer and holds ${shown(part)}, ` +
        'for which the serializer of this Keyv has no form: read it by createKeyv()',
    );
  });
}

function revived(text: string): unknown {
  if (!text.startsWith(':')) return text;
  if (text.startsWith(':base64:')) return Buffer.from(text.slice(8), 'base64');
  if (text.startsWith(':bigint:')) return BigInt(text.slice(8));
  return text.slice(1);
}

function hasForm(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return typeof part !== 'bigint';
  const prototype: unknown = Object.getPrototypeOf(part);
  return [Object.prototype, Array.prototype, Date.prototype, null].includes(prototype as object);
}
