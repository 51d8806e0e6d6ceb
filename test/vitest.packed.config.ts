import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packed/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    reporters: ['verbose', ['json', { outputFile: 'results/packed.json' }]],
  },
});
