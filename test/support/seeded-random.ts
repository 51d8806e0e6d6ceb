/** Random numbers from 0 to below 1 that are the same each time (https://en.wikipedia.org/wiki/Lehmer_random_number_generator). */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
