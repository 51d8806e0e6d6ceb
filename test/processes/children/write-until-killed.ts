import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';
import { wholeValue } from '../../support/whole-value.ts';

/** 100 bytes and 30 KB are rows, 70 KB are files. */
const LENGTHS = [100, 30_000, 70_000];

interface Given {
  readonly directory: string;
  readonly round: number;
  readonly what: 'sets' | 'large' | 'streams' | 'transactions' | 'clearing';
}

const { directory, round, what } = given<Given>();

const cache = new DiskCache(directory);
say('open');
if (what === 'sets') await sets();
else if (what === 'large') await large();
else if (what === 'streams') await streams();
else if (what === 'transactions') await transactions();
else await clearing();

/** Overwrites what rounds before have set; four calls at a time. */
async function sets(): Promise<void> {
  for (let next = 0; next < 200; next += 4) {
    await Promise.all(
      [0, 1, 2, 3].map(async (offset) => {
        const i = next + offset;
        await cache.set(`key ${i}`, wholeValue(`${round}:${i}`, LENGTHS[i % 3] as number));
        say('set', i);
      }),
    );
  }
}

/** Sets values of 4 MB for ever, through both doors. */
async function large(): Promise<void> {
  const value = Buffer.alloc(4_000_000);
  for (let n = 0; n < 1000; n++) {
    await Promise.all([0, 1, 2].map((i) => cache.set(`${round}:${n}:${i}`, value)));
    cache.sync.set(`${round}:${n}`, value);
    say('written', n);
  }
}

/** Overwrites three values for ever; some streams are always on their way. */
async function streams(): Promise<void> {
  await Promise.all(
    [0, 1, 2].map(async (i) => {
      for (let n = 0; n < 1000; n++) {
        const text = wholeValue(`${round}:${n}`, 1_000_000);
        const pieces = Array.from({ length: 10 }, (_, piece) =>
          text.slice(piece * 100_000, (piece + 1) * 100_000),
        );
        await cache.setStream(`key ${i}`, pieces);
        say('streamed', i);
      }
    }),
  );
}

/** Each transaction gives all of the group the same label. */
async function transactions(): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    await cache.transact((tx) => {
      for (let i = 0; i < 6; i++) tx.set(`group ${i}`, wholeValue(`${round}:${n}`, LENGTHS[i % 3] as number));
    });
    say('committed', n);
  }
}

/** Fills and clears in turn; clear() of so many takes several transactions. */
async function clearing(): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    await cache.setMany(Array.from({ length: 3000 }, (_, i) => [`${n}:${i}`, i]));
    await cache.setMany([70_000, 80_000].map((length) => [`${n}:${length}`, wholeValue('file', length)]));
    say('filled', n);
    await cache.clear();
    say('cleared', n);
  }
}
