/** Exit codes: done, failed, wrong usage, an evaluation below its gate or a drift found, cancelled. */
export const EXIT = { done: 0, failed: 1, usage: 2, gate: 3, cancelled: 130 } as const;
