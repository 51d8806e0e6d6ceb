import { describe, expect, test } from 'vitest';
import { fastifySpec, nestSpec } from '../nest-app/nest-spec.ts';
import { NestTree } from '../nest-app/nest-tree.ts';

describe('NestJS 12 with cache-manager 7, Keyv 5 at the root, as ES modules', () => {
  nestSpec('nest-12-keyv-5', { nest: '12.5.1', cacheManager: '7.2.9', keyv: '5.6.0' });
  fastifySpec('nest-12-keyv-5');

  test('the examples of the README and of doc comments compile', async () => {
    expect(await new NestTree('nest-12-keyv-5').buildExamples()).toBe('');
  });
});
