let count = 0;

/** Says who made an answer, and which one it is. */
export function made(): { by: number; count: number } {
  return { by: process.pid, count: ++count };
}
