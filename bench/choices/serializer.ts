/**
 * What the choice between JSON and structured clone costs serializer 'auto', against JSON alone. A transaction of many
 * writes and reads, less what the same takes with the text at hand, leaves the serializers' own time.
 */
import { isDeepStrictEqual } from 'node:util';
import { DiskCacheSync, type SerializerChoice } from '@diskcache/core';
import { keyOf, person, text } from '../workload.ts';
import { scratchDirectory, sideBySide } from './side-by-side.ts';

const ENTRIES = 64;
const TARGET = 1.3;

const plainJson: SerializerChoice = {
  id: 'plain',
  serialize: (value) => JSON.stringify(value),
  deserialize: (data) => JSON.parse(String(data)),
};
const flat = (number: number): object =>
  Object.fromEntries(
    Array.from({ length: 20 }, (_, field) => [
      `field${field}`,
      field % 2 === 0 ? number + field : text(field, 70),
    ]),
  );

await compare('a flat object of 20 fields', flat);
await compare('a nested object', person);

async function compare(what: string, value: (number: number) => object): Promise<void> {
  const objects = Array.from({ length: ENTRIES }, (_, number) => value(number));
  const size = JSON.stringify(objects[0]).length;
  const times = await sideBySide(
    {
      'the store alone': writesAndReads(
        'json',
        objects.map((object) => JSON.stringify(object)),
      ),
      'JSON.stringify, JSON.parse': writesAndReads(plainJson, objects),
      "'auto'": writesAndReads('auto', objects),
      "'json'": writesAndReads('json', objects),
      "'v8'": writesAndReads('v8', objects),
    },
    { title: `${ENTRIES} set and get of ${what}, ${size} bytes as JSON`, rounds: 25, calls: 60 },
  );
  const own = (name: string) => (times[name] ?? 0) - (times['the store alone'] ?? 0);
  const ratio = own("'auto'") / own('JSON.stringify, JSON.parse');
  const verdict = ratio <= TARGET ? 'pass' : 'MISS';
  console.log(`  'auto' takes ${ratio.toFixed(2)} × JSON alone, target ≤ ${TARGET}: ${verdict}\n`);
}

function writesAndReads(serializer: SerializerChoice, values: readonly unknown[]): () => void {
  const cache = new DiskCacheSync(scratchDirectory(), { serializer });
  const each = () => {
    for (const [number, value] of values.entries()) cache.set(keyOf(number), value);
    return values.map((_, number) => cache.get(keyOf(number)));
  };
  if (!isDeepStrictEqual(cache.transact(each), values)) throw new Error('something else came back');
  return () => void cache.transact(each);
}
