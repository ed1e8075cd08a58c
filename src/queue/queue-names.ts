import type { Channel } from '../domain/message.ts';

/** The kinds of work that are queued. A queue exists per kind and shard. */
export const queueNames = ['events', 'email', 'sms'] as const;
export type QueueName = 'events' | Channel;

/** BullMQ scores a delayed job with its instant (ms) times this, plus a counter. */
export const delayedScoreFactor = 0x1000;
/** The longest that a job sleeps after a fault. */
export const pauseMsMax = 60_000;
