import { describe } from 'vitest';
import { nestSpec } from '../nest-app/nest-spec.ts';

describe('NestJS 12 with cache-manager 7, Keyv 6 at the root, as CommonJS', () => {
  nestSpec('nest-12-keyv-6', { nest: '12.5.1', cacheManager: '7.2.9', keyv: '6.1.0' });
});
