/** BullMQ scores a delayed job with its instant (ms) times this, plus a counter. */
export const delayedScoreFactor = 0x1000;
/** The longest that a job sleeps after a fault. */
export const pauseMsMax = 60_000;
