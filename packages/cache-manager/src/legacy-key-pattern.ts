/** Which keys a pattern of cache-manager 5 means: those that match both. */
export interface LegacyKeyPattern {
  /** A pattern of `*` and `?`. */
  readonly glob: string;
  readonly matches: (key: string) => boolean;
}

/** What a regular expression has, and no pattern of `*` and `?` needs. */
const OF_REGULAR_EXPRESSIONS = /[\\^$+()[\]{}|]|\.[*?]/;

/**
 * Stores of cache-manager 5 had no common language of patterns: those on Redis take `user:*`, while @type-cacheable takes a
 * regular expression, or the beginning of a key, and looks for it anywhere.
 */
export function legacyKeyPattern(pattern: string): LegacyKeyPattern {
  if (typeof pattern === 'string' && (!/[*?]/.test(pattern) || OF_REGULAR_EXPRESSIONS.test(pattern))) {
    return { glob: '*', matches: foundIn(pattern) };
  }
  return { glob: pattern, matches: () => true };
}

function foundIn(pattern: string): (key: string) => boolean {
  try {
    const expression = new RegExp(pattern);
    return (key) => expression.test(key);
  } catch {
    return (key) => key.includes(pattern);
  }
}
