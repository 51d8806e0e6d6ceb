import type { Readable } from 'node:stream';
import { BYTES, UTF16 } from '../codec/codec.ts';
import type { Engine } from '../engine/engine.ts';
import type { Key } from '../entry/key.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import type { EntryRow } from '../storage/rows/statements.ts';
import { OutgoingFile, outgoingBytes } from '../streams/outgoing.ts';
import { type CheckedRange, partOf } from '../streams/stream-options.ts';
import type { Find } from '../engine/live-rows.ts';
import type { LargeValues } from './large-values.ts';

/** A stream of a live entry's bytes, and the row that it is from. */
export interface OpenedStream<Row> {
  readonly row: Row;
  readonly stream: Readable;
}

/** Values that are given out as streams. */
export class OutgoingValues {
  readonly #engine: Engine;
  readonly #large: LargeValues;

  constructor(engine: Engine, large: LargeValues) {
    this.#engine = engine;
    this.#large = large;
  }

  /** Opens the value of a row that was found, or of the one that has taken its place. */
  async open<Row extends EntryRow>(
    key: Key,
    found: Row,
    find: Find<Row>,
    range: CheckedRange,
  ): Promise<OpenedStream<Row> | undefined> {
    const { storage } = this.#engine;
    const opening = this.#large.whole(key, found, find, (file, row) => {
      assertBytes(key, row);
      partOf(row.size, range);
      return storage.files.openToRead(file, row.size);
    });
    if (found.file !== null) this.#engine.removals.hold(found.file, opening);
    const whole = await opening;
    if (whole === undefined) return undefined;
    const { row, content } = whole;
    if (content === undefined) return { row, stream: ofRow(key, row, range) };
    const { from, to } = partOf(row.size, range);
    const isWhole = from === 0 && to === row.size;
    const compares = isWhole && row.checksum !== null && this.#engine.settings.checksum;
    const stream = new OutgoingFile(content, {
      from,
      to,
      checksum: compares ? (row.checksum as number) : undefined,
      onDamaged: () => this.#foundDamaged(key, row.file as string),
    });
    return { row, stream };
  }

  #foundDamaged(key: Key, file: string): void {
    if (!this.#engine.acceptsCalls) return;
    this.#large
      .removeBroken(key, file, 'damaged')
      .catch((error: unknown) => this.#engine.events.report(error));
  }
}

function ofRow(key: Key, row: EntryRow, range: CheckedRange): Readable {
  const bytes = assertBytes(key, row);
  const { from, to } = partOf(row.size, range);
  return outgoingBytes(bytes.subarray(from, to));
}

/**
 * What a row itself holds, as bytes.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_VALUE` when the value is neither bytes nor text
 */
function assertBytes(key: Key, { codec, value }: EntryRow): Buffer {
  if (typeof value !== 'number' && (codec === null || codec === BYTES))
    return typeof value === 'string' ? Buffer.from(value) : value;
  const serialized = codec === UTF16 ? 'text that has no UTF-8 form' : `written by serializer '${codec}'`;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_VALUE',
    `only bytes and text can be streamed; the value of ${describe(key)} is ` +
      `${codec === null ? 'a number' : serialized}: use get()`,
  );
}
