import type { Readable } from 'node:stream';
import type { FileHandle } from 'node:fs/promises';
import { addedBytes, addedTo, TOLD_BYTES } from '../codec/algorithms.ts';
import { BYTES, UTF16 } from '../codec/codec.ts';
import { type CompressedForm, compressionOf, damaged, decompressLater } from '../codec/compression.ts';
import { unpackedStream } from '../codec/unpacked-stream.ts';
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

type Part = ReturnType<typeof partOf>;

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
    const opening = this.#large.whole(key, found, find, (file, row) => this.#openFile(key, row, file, range));
    if (found.file !== null) this.#engine.removals.hold(found.file, opening);
    const whole = await opening;
    if (whole === undefined) return undefined;
    const { row, content } = whole;
    return { row, stream: content ?? (await ofRow(key, row, range)) };
  }

  async #openFile(
    key: Key,
    row: EntryRow,
    name: string,
    range: CheckedRange,
  ): Promise<Readable | 'gone' | 'damaged'> {
    const form = assertBytes(key, row);
    if (form === undefined) partOf(row.size, range);
    const file = await this.#engine.storage.files.openToRead(name, row.size);
    if (typeof file !== 'object') return file;
    try {
      return form === undefined
        ? this.#ofFile(key, row, file, partOf(row.size, range))
        : await this.#ofPackedFile(key, row, file, form, range);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #ofFile(key: Key, row: EntryRow, file: FileHandle, { from, to }: Part): Readable {
    const isWhole = from === 0 && to === row.size;
    const compares = isWhole && row.checksum !== null && this.#engine.settings.checksum;
    return new OutgoingFile(file, {
      from,
      to,
      checksum: compares ? (row.checksum as number) : undefined,
      onDamaged: () => this.#foundDamaged(key, row.file as string),
    });
  }

  /** It tells by itself whether it is whole: no other checksum is compared. */
  async #ofPackedFile(
    key: Key,
    row: EntryRow,
    file: FileHandle,
    form: CompressedForm,
    range: CheckedRange,
  ): Promise<Readable> {
    const { algorithm } = form;
    if (row.size < TOLD_BYTES) throw damaged(form, key);
    const last = Buffer.alloc(TOLD_BYTES);
    await file.read(last, 0, TOLD_BYTES, row.size - TOLD_BYTES);
    const told = addedTo(algorithm, last);
    const part = partOf(told.size, range);
    const packed = this.#ofFile(key, row, file, { from: 0, to: row.size - addedBytes(algorithm) });
    return unpackedStream(algorithm, packed, { ...part, told }, (cause) => damaged(form, key, cause));
  }

  #foundDamaged(key: Key, file: string): void {
    if (!this.#engine.acceptsCalls) return;
    this.#large
      .removeBroken(key, file, 'damaged')
      .catch((error: unknown) => this.#engine.events.report(error));
  }
}

async function ofRow(key: Key, row: EntryRow, range: CheckedRange): Promise<Readable> {
  assertBytes(key, row);
  const { codec, value } = row;
  const { data } = await decompressLater({ codec, data: value }, key);
  const bytes = typeof data === 'string' ? Buffer.from(data) : (data as Buffer);
  const { from, to } = partOf(bytes.length, range);
  return outgoingBytes(bytes.subarray(from, to));
}

/**
 * @returns how the value is compressed, if it is
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_VALUE` when the value is neither bytes nor text
 */
function assertBytes(key: Key, row: EntryRow): CompressedForm | undefined {
  const form = compressionOf(row.codec, key);
  const codec = form === undefined ? row.codec : form.codec;
  if (typeof row.value !== 'number' && (codec === null || codec === BYTES)) return form;
  const serialized = codec === UTF16 ? 'text that has no UTF-8 form' : `written by serializer '${codec}'`;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_VALUE',
    `only bytes and text can be streamed; the value of ${describe(key)} is ` +
      `${codec === null ? 'a number' : serialized}: use get()`,
  );
}
