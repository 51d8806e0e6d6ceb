import { describe } from 'vitest';
import { fastifySpec, nestSpec } from '../nest-app/nest-spec.ts';

describe('NestJS 11 with cache-manager 7, Keyv 6 at the root', () => {
  nestSpec('nest-11', { nest: '11.2.10', cacheManager: '7.2.9', keyv: '6.1.0' });
  fastifySpec('nest-11');
});
