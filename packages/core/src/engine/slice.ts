/** What a verb returns that could not be finished in its slice, and has to be called again in the next. */
export const AGAIN = Symbol('again');

/** What one slice may take of the event loop, about. */
export const SLICE_MS = 5;
