import { deserialize, serialize } from 'node:v8';
import { type Entry, InvalidArgumentError } from '@diskcache/core';
import { type Envelope, envelopeOfText } from './keyv-text.ts';
import { plainData } from './plain-data.ts';

const utf8 = new TextEncoder();

/** The first byte of all that v8.serialize() writes, and of no UTF-8 text. */
const CLONE_MARK = 0xff;

/**
 * What the cache stores for what Keyv hands over, by three rules:
 *
 * 1. Of an envelope only the value, as itself, for its deadline is the entry's: what Keyv stores is what `cache.get()`
 *    gives. Bytes of any kind become a Buffer.
 * 2. A string is what Keyv's serializer made of an envelope. It becomes a Uint8Array of its UTF-8 text. No rule 1 row is
 *    a Uint8Array that is no Buffer, so a row tells by itself how it was written, whatever Keyv reads it.
 * 3. What has no such form (an envelope around undefined or with more properties, a string with a lone surrogate) becomes
 *    a Uint8Array of its structured clone, whose first byte no UTF-8 text has.
 */
export function storedForm(given: unknown): unknown {
  if (typeof given === 'string' && given.isWellFormed()) return utf8.encode(given);
  if (isEnvelope(given)) {
    const value = plainData(given.value);
    if (value instanceof Uint8Array) return asBuffer(value);
    if (value !== undefined) return value;
  }
  return cloneOf(plainData(given));
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_VALUE` */
function cloneOf(given: unknown): Uint8Array {
  try {
    return new Uint8Array(serialize(given));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError('ERR_DISKCACHE_VALUE', `value cannot be stored: ${why}`);
  }
}

/** What Keyv handed over, from the entry that was stored for it. */
export function handedOver({ value, expires }: Pick<Entry, 'value' | 'expires'>): unknown {
  if (!(value instanceof Uint8Array) || Buffer.isBuffer(value)) return { value, expires } satisfies Envelope;
  return value[0] === CLONE_MARK ? deserialize(value) : asBuffer(value).toString();
}

/**
 * The same for a Keyv whose serializer is off, of an entry that one with serializer may have set.
 *
 * @throws DiskCacheError `ERR_DISKCACHE_SERIALIZER` when that cannot be read here
 */
export function envelopeOf(entry: Pick<Entry, 'key' | 'value' | 'expires'>): unknown {
  const given = handedOver(entry);
  return typeof given === 'string' ? envelopeOfText(given, String(entry.key)) : given;
}

/** How all that the serializers of Keyv write begins. */
const ENVELOPE_HEAD = Buffer.from('{"value":');

/** What a Keyv with serializer has stored, to a store without any Keyv; all else as it is. */
export function withoutEnvelope(value: unknown, key: string): unknown {
  return isSerializedEnvelope(value) ? envelopeOfText(asBuffer(value).toString(), key).value : value;
}

/** The form of a value that withoutEnvelope() leaves as it is. */
export function keptFromEnvelopes(value: unknown): unknown {
  return isSerializedEnvelope(value) ? asBuffer(value) : value;
}

function isSerializedEnvelope(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array) || Buffer.isBuffer(value)) return false;
  return ENVELOPE_HEAD.equals(value.subarray(0, ENVELOPE_HEAD.length));
}

/** The value, for those who know nothing of envelopes, in what Keyv hands over; undefined when there is none to be seen. */
export function valueIn(given: unknown, key: string): unknown {
  const envelope = envelopeIn(given, key);
  return isEnvelope(envelope) ? envelope.value : undefined;
}

/** The deadline that is told beside the value in what Keyv hands over; undefined when there is none to be seen. */
export function deadlineIn(given: unknown): number | undefined {
  const { expires } = (envelopeIn(given, '') ?? {}) as { expires?: unknown };
  return typeof expires === 'number' ? expires : undefined;
}

function envelopeIn(given: unknown, key: string): unknown {
  try {
    return typeof given === 'string' ? envelopeOfText(given, key) : given;
  } catch {
    return undefined;
  }
}

function isEnvelope(given: unknown): given is Envelope {
  if (typeof given !== 'object' || given === null || !('value' in given)) return false;
  for (const name in given) if (name !== 'value' && name !== 'expires') return false;
  return true;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
