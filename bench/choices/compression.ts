/**
 * From which size on compressing is worth its time, which level, and from which size on it would stop the event loop
 * for a millisecond. JSON with made-up words and numbers, which is neither the worst nor the best there is to compress.
 */
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { type CompressionAlgorithm, DiskCacheSync } from '@diskcache/core';
import { median } from '../ratios.ts';
import { aligned } from '../report.ts';
import { keyOf, seededRandom } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const ALGORITHMS = ['zstd', 'brotli', 'gzip'] as const satisfies readonly CompressionAlgorithm[];
const STORED_SIZES = [512, 1024, 2048, 4096, 8192, 32_768];
const PACKED_SIZES = [4, 16, 64, 256, 1024].map((kib) => kib * 1024);
const LEVELS: readonly [CompressionAlgorithm, readonly number[]][] = [
  ['zstd', [1, 3, 4, 6, 9, 12, 19]],
  ['brotli', [1, 4, 5, 6, 9, 11]],
  ['gzip', [1, 4, 6, 9]],
];
const ENTRIES = 500;

const random = seededRandom(1);
const directory = scratchDirectory();
const words = Array.from({ length: 3000 }, () =>
  random()
    .toString(36)
    .slice(2, 3 + Math.floor(9 * random())),
);
const record = (number: number) => ({
  id: number,
  name: `${word()} ${word()}`,
  isActive: random() > 0.5,
  score: random() * 100,
  tags: [word(), word(), word()],
  about: Array.from({ length: 12 }, word).join(' '),
});
const json = JSON.stringify(Array.from({ length: 10_000 }, (_, number) => record(number)));

function word(): string {
  // Some words are far more usual than others.
  return words[Math.floor(words.length ** random()) - 1] as string;
}

/** Text of `size` bytes, another one for each number. */
function text(number: number, size: number): string {
  const start = (number * 7919) % (json.length - size);
  return json.slice(start, start + size);
}

for (const size of STORED_SIZES) await storeAlike(size);
packAlike();

async function storeAlike(size: number): Promise<void> {
  const sets: Record<string, Call> = {};
  const gets: Record<string, Call> = {};
  const caches: DiskCacheSync[] = [];
  for (const algorithm of [undefined, ...ALGORITHMS]) {
    const compression = algorithm && { algorithm, threshold: 0 };
    const cache = new DiskCacheSync(`${directory}/${size} ${algorithm}`, { compression });
    caches.push(cache);
    for (let number = 0; number < ENTRIES; number++) cache.set(keyOf(number), text(number, size));
    const bytes = Math.round(cache.size() / ENTRIES);
    const name = `${algorithm ?? 'none'}, ${bytes} bytes an entry`;
    const any = () => Math.floor(random() * ENTRIES);
    sets[name] = (call) => cache.set(keyOf(any()), text(call, size));
    gets[name] = () => cache.get(keyOf(any()));
  }
  await sideBySide(sets, { title: `set of ${size} bytes, checkpoints included`, rounds: 9, calls: 300 });
  await sideBySide(gets, { title: `get of ${size} bytes`, rounds: 9, calls: 300 });
  for (const cache of caches) cache.close();
}

/** What packing and unpacking takes by itself, and what is left. */
function packAlike(): void {
  const head = ['', ...PACKED_SIZES.map((size) => `${size / 1024} KiB`)];
  const rows = LEVELS.flatMap(([algorithm, levels]) =>
    levels.map((level) => [
      `${algorithm} ${level}`,
      ...PACKED_SIZES.map((size) => packed(algorithm, level, size)),
    ]),
  );
  const title = 'ms to pack / to unpack (what is left)';
  console.log([title, ...aligned([head, ...rows]), ''].join('\n'));
}

function packed(algorithm: CompressionAlgorithm, level: number, size: number): string {
  const bytes = Buffer.from(text(level, size));
  const result = pack(algorithm, level, bytes);
  const packing = medianMs(() => pack(algorithm, level, bytes));
  const unpacking = medianMs(() => unpack(algorithm, result, size));
  return `${packing.toFixed(2)} / ${unpacking.toFixed(2)} (${Math.round((100 * result.length) / size)} %)`;
}

function pack(algorithm: CompressionAlgorithm, level: number, bytes: Buffer): Buffer {
  const chunkSize = bytes.length;
  if (algorithm === 'gzip') return gzipSync(bytes, { chunkSize, level });
  if (algorithm === 'zstd') {
    return zstdCompressSync(bytes, { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: level } });
  }
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: level,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { chunkSize, params });
}

function unpack(algorithm: CompressionAlgorithm, bytes: Buffer, size: number): Buffer {
  const unpackSync = { gzip: gunzipSync, zstd: zstdDecompressSync, brotli: brotliDecompressSync }[algorithm];
  return unpackSync(bytes, { chunkSize: size + 1 });
}

function medianMs(work: () => unknown): number {
  const times: number[] = [];
  for (const end = performance.now() + 100; times.length < 3 || performance.now() < end;) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return median(times);
}
