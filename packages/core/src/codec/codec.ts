import type { Key } from '../entry/key.ts';
import { describe, InvalidArgumentError, SerializerError } from '../errors.ts';
import { type EncodedValue, SEPARATOR } from './encoded-value.ts';
import { cloneLoses, jsonKeeps } from './fidelity.ts';
import { json, type Serializer, type SerializerChoice, v8 } from './serializer.ts';

/** Which serializer writes, and which further ones can be read. */
export interface SerializerSettings {
  readonly serializer: SerializerChoice;
  readonly serializers: readonly Serializer[];
}

/** Values with a form of their own: a Uint8Array that is no Buffer, and a string that has no UTF-8 form. */
export const BYTES = 'bytes';
export const UTF16 = 'utf16';
const OWN_IDS = new Set([BYTES, UTF16, 'auto']);

const OWN_SHAPE = '{ id, serialize, deserialize }';

/**
 * The value as it was put, or an error: never something else.
 */
export class Codec {
  readonly #serialize: (value: unknown) => EncodedValue;
  readonly #serializers: ReadonlyMap<string, Serializer>;

  /** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` */
  constructor({ serializer: choice, serializers: others }: SerializerSettings) {
    const known = new Map([json, v8].map((one) => [one.id, one]));
    if (!Array.isArray(others)) {
      throw invalidOption(
        `option 'serializers' must be an array of { id, serialize, deserialize }; given ${describe(others)}`,
      );
    }
    for (const other of others) {
      const valid = validSerializer(other, `each of 'serializers' must be ${OWN_SHAPE}`, known);
      known.set(valid.id, valid);
    }
    if (choice === 'auto') this.#serialize = serializeExactly;
    else if (choice === 'json') this.#serialize = serializeAsJson;
    else if (choice === 'v8') this.#serialize = serializeAsClone;
    else {
      const allowed = `serializer must be 'auto', 'json', 'v8' or ${OWN_SHAPE}`;
      const custom = validSerializer(choice, allowed, known);
      known.set(custom.id, custom);
      this.#serialize = (value) => ownCopy(serialized(custom, value));
    }
    this.#serializers = known;
  }

  /**
   * The value's stored form. Bytes are not copied.
   *
   * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_VALUE` when it would not come back as it is
   */
  encode(value: unknown): EncodedValue {
    if (typeof value === 'string') {
      return value.isWellFormed()
        ? { codec: null, data: value }
        : { codec: UTF16, data: Buffer.from(value, 'utf16le') };
    }
    if (typeof value === 'number' && !Number.isNaN(value)) return { codec: null, data: value };
    if (value === undefined) throw invalidValue("undefined means 'not there' and cannot be stored");
    if (value instanceof Uint8Array) {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Buffer.prototype) return { codec: null, data: value as Buffer };
      if (prototype === Uint8Array.prototype) return { codec: BYTES, data: asBuffer(value) };
    }
    return this.#serialize(value);
  }

  /**
   * The value that was encoded.
   *
   * @param key whose it is, for errors
   * @throws {@link SerializerError} when this cache lacks its serializer, or that one fails
   */
  decode({ codec, data }: EncodedValue, key: Key): unknown {
    if (codec === null) return data;
    if (codec === BYTES) return withoutBuffer(data as Buffer);
    if (codec === UTF16) return (data as Buffer).toString('utf16le');
    const serializer = this.#serializerOf(codec, key);
    try {
      return serializer.deserialize(data as string | Buffer);
    } catch (cause) {
      throw new SerializerError(key, codec, `cannot be read by serializer '${codec}', which wrote it`, {
        cause,
      });
    }
  }

  /** @throws {@link SerializerError} when this cache lacks the serializer of a stored form */
  assertKnown(codec: string | null, key: Key): void {
    if (codec !== null && codec !== BYTES && codec !== UTF16) this.#serializerOf(codec, key);
  }

  #serializerOf(codec: string, key: Key): Serializer {
    const serializer = this.#serializers.get(codec);
    if (serializer !== undefined) return serializer;
    throw new SerializerError(
      key,
      codec,
      `was written by serializer '${codec}', which this cache does not have`,
    );
  }
}

/** What cannot be looked at, since a getter throws or it is nested too deep for the stack, no serializer can write. */
function looked<T>(look: (value: unknown) => T, value: unknown): T {
  try {
    return look(value);
  } catch (cause) {
    if (cause instanceof RangeError) throw invalidValue('it is nested too deep', cause);
    throw invalidValue(`reading ${describe(value)} throws`, cause);
  }
}

function serializeExactly(value: unknown): EncodedValue {
  return looked(jsonKeeps, value) ? serialized(json, value) : serializeAsClone(value);
}

function serializeAsJson(value: unknown): EncodedValue {
  if (looked(jsonKeeps, value)) return serialized(json, value);
  throw invalidValue(`JSON would not give back ${describe(value)} as it is; use serializer 'auto' or 'v8'`);
}

function serializeAsClone(value: unknown): EncodedValue {
  const loss = looked(cloneLoses, value);
  if (loss !== undefined) throw invalidValue(`it would not come back as it is: ${loss}`);
  return serialized(v8, value);
}

function serialized(serializer: Serializer, value: unknown): EncodedValue {
  let data: unknown;
  try {
    data = serializer.serialize(value);
  } catch (cause) {
    throw invalidValue(`serializer '${serializer.id}' cannot write ${describe(value)}`, cause);
  }
  if (typeof data === 'string' && data.isWellFormed()) return { codec: serializer.id, data };
  if (data instanceof Uint8Array) return { codec: serializer.id, data: asBuffer(data) };
  throw invalidValue(
    `serializer '${serializer.id}' must give a well-formed string or bytes; gave ${describe(data)}`,
  );
}

/** What is not ours may be written over by its owner, before it is stored. */
function ownCopy({ codec, data }: EncodedValue): EncodedValue {
  return { codec, data: typeof data === 'object' ? Buffer.from(data) : data };
}

function validSerializer(
  given: unknown,
  allowed: string,
  taken: ReadonlyMap<string, Serializer>,
): Serializer {
  const { id, serialize, deserialize } = (given ?? {}) as Partial<Serializer>;
  const isWhole =
    typeof id === 'string' && typeof serialize === 'function' && typeof deserialize === 'function';
  if (!isWhole) throw invalidOption(`${allowed}; given ${describe(given)}`);
  if (id === '' || !id.isWellFormed() || id.includes(SEPARATOR)) {
    throw invalidOption(
      `a serializer's id must be a well-formed, non-empty string without '${SEPARATOR}'; given ${describe(id)}`,
    );
  }
  if (taken.has(id) || OWN_IDS.has(id))
    throw invalidOption(`serializer id '${id}' is taken; choose another id`);
  return given as Serializer;
}

function invalidOption(message: string): InvalidArgumentError {
  return new InvalidArgumentError('ERR_DISKCACHE_OPTION', message);
}

function invalidValue(message: string, cause?: unknown): InvalidArgumentError {
  const error = new InvalidArgumentError('ERR_DISKCACHE_VALUE', `value cannot be stored: ${message}`);
  if (cause !== undefined) error.cause = cause;
  return error;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function withoutBuffer(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
