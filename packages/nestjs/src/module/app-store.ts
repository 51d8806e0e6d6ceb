import type { OnApplicationShutdown } from '@nestjs/common';
import { AnswerStore } from '../store/answer-store.ts';

/**
 * The store of a cache that DiskCacheModule has opened. CacheModule disconnects its stores first of all when an app closes;
 * this one stays open until the server has answered what it was asked.
 */
export class AppStore extends AnswerStore implements OnApplicationShutdown {
  /** Does nothing: the cache is the app's, and is closed with it. */
  override async disconnect(): Promise<void> {}

  async onApplicationShutdown(): Promise<void> {
    await super.disconnect();
  }
}
