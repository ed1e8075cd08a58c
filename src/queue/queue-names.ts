import type { Channel } from '../domain/message.ts';

/** The kinds of work that are queued. A queue exists per kind and shard. */
export const queueNames = ['events', 'email', 'sms'] as const;
export type QueueName = 'events' | Channel;
