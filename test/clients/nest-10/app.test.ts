import { describe } from 'vitest';
import { nestSpec } from '../nest-app/nest-spec.ts';

describe('NestJS 10 with cache-manager 5', () => {
  nestSpec('nest-10', { nest: '10.4.22', cacheManager: '5.7.6', keyv: undefined });
});
