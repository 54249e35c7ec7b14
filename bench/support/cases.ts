/** Threads of every timing: what the figures of docs/performance.md were measured with. */
export const THREADS = 2;
