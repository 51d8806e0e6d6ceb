import { LegacyDiskStore } from '@diskcache/cache-manager';
import type { AnswerStore } from './answer-store.ts';

/** An AnswerStore in the form that cache-manager 5 takes. */
export class LegacyAnswerStore extends LegacyDiskStore {
  override readonly disk: AnswerStore;

  constructor(disk: AnswerStore) {
    super({ cache: disk.cache });
    this.disk = disk;
  }
}
