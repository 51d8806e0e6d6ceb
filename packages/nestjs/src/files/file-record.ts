import type { StreamableFile } from '@nestjs/common';

/** What is stored under the key of an answer that is a file. Its bytes are an entry of their own. */
export interface FileRecord {
  /** The mark by which one is known, and what names the entry of its bytes. */
  readonly '@diskcache/nestjs:file': string;
  /** Whether all of its bytes are there. Until then it only keeps others from storing the same. */
  readonly isWhole: boolean;
  /** Its type, disposition and length. */
  readonly options: StreamableFile['options'];
}

const MARK = '@diskcache/nestjs:file' satisfies keyof FileRecord;

/** The record as long as its bytes arrive. */
export function arrivingFile(id: string): FileRecord {
  return { [MARK]: id, isWhole: false, options: {} };
}

export function isFileRecord(value: unknown): value is FileRecord {
  return typeof value === 'object' && value !== null && MARK in value;
}

export function fileId(record: FileRecord): string {
  return record[MARK];
}

/** The key of the bytes, beside the key of the answer. */
export function bytesKey(storedKey: string, id: string): string {
  return `${storedKey}#file:${id}`;
}
