import type { SetOptions } from '@diskcache/core';
import type { ExecutionContext, StreamableFile } from '@nestjs/common';
import { ARRIVAL_TTL_MS } from '../files/file-arrival.ts';
import { type FileRecord, isFileRecord } from '../files/file-record.ts';
import type { AnswerStore } from '../store/answer-store.ts';
import { routeOf } from '../tags/tags-of.ts';
import { isOfCache } from './is-of-cache.ts';
import type { Made } from './shared-answer.ts';

/** An answer that is a file, and is stored as it is sent; undefined where the cache cannot do that. */
export function madeFile(
  context: ExecutionContext,
  { store, key }: { store: AnswerStore; key: string },
  file: StreamableFile,
  terms: SetOptions,
): Made | undefined {
  const onError = (error: unknown) => {
    if (isOfCache(error)) store.fails(error, routeOf(context));
  };
  const arrival = store.files?.arrive(file, store.storedKey(key), terms, onError);
  if (arrival === undefined) return undefined;
  endWithResponse(context, arrival.sent);
  return {
    body: arrival.sent,
    value: arrival.record,
    terms: { ...terms, ttl: Math.min(ARRIVAL_TTL_MS, terms.ttl ?? Infinity) },
  };
}

/** What is to be sent for a value out of the cache; undefined for a file that is not there, not all there, or unreadable. */
export async function unpacked(
  context: ExecutionContext,
  store: AnswerStore,
  key: string,
  value: unknown,
): Promise<unknown> {
  if (!isFileRecord(value)) return value;
  try {
    const file = await openedFile(store, store.storedKey(key), value);
    if (file !== undefined) endWithResponse(context, file);
    return file;
  } catch (error) {
    store.fails(error, routeOf(context));
    return undefined;
  }
}

async function openedFile(
  { files, cache }: AnswerStore,
  storedKey: string,
  record: FileRecord,
): Promise<StreamableFile | undefined> {
  if (record.isWhole) return files?.open(storedKey, record);
  await files?.committed(record);
  const present = await cache.get(storedKey);
  return isFileRecord(present) ? files?.open(storedKey, present) : undefined;
}

/** Not every adapter closes what it sends when the client goes away. */
function endWithResponse(context: ExecutionContext, file: StreamableFile): void {
  if (context.getType() !== 'http') return;
  const reply = context.switchToHttp().getResponse<{ raw?: NodeJS.EventEmitter } & NodeJS.EventEmitter>();
  const response = reply.raw ?? reply;
  response.once('close', () => file.getStream().destroy());
}
