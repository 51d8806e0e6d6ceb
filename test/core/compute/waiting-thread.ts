import { parentPort, workerData } from 'node:worker_threads';
import { DiskCacheSync } from '@diskcache/core';

const { directory } = workerData as { directory: string };
const cache = new DiskCacheSync(directory);
parentPort?.postMessage('waits');
const value = cache.getOrSet('key', () => 'computed twice');
cache.close();
parentPort?.postMessage({ value });
