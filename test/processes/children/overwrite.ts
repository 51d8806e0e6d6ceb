import { DiskCache } from '@diskcache/core';
import { given, say, wasTold } from '../../support/parent.ts';
import { wholeValue } from '../../support/whole-value.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly fileThreshold: number;
  readonly lengths: readonly number[];
  readonly enough: number;
}

const { directory, number, fileThreshold, lengths, enough } = given<Given>();

const cache = new DiskCache(directory, { fileThreshold });
let written = 0;
while (!wasTold('stop')) {
  const length = (lengths[written % lengths.length] as number) + (written % 100);
  await cache.set('always', wholeValue(`${number}:${written}`, length));
  if (++written === enough) say('enough');
}
say('done', written);
await cache.close();
process.disconnect();
