import { z } from 'zod';
import { type EventId, type MessageId, parseEventId, parseMessageId } from '../domain/ids.ts';

/**
 * A pointer: the name of the job that leads to one record. It is the event's id, or the message's and a number that
 * keeps the jobs of its releases apart.
 */
export type Pointer = string;

/** Whose records a job leads to, and whether it was in the hands of a worker that died. */
export interface JobMarks {
  /** Of the proof of life, whose records lie apart. */
  readonly isProof: boolean;
  /** It comes out of a group whose worker died with it. */
  readonly isSuspect: boolean;
}

/** A job of one pointer, and one of several. */
const single = z.object({
  id: z.string(),
  proof: z.boolean().default(false),
  suspect: z.boolean().default(false),
});
const group = z.object({ pointers: z.array(z.string()), proof: z.boolean().default(false) });

/** The versions of the two forms (docs/adr/0015); this program knows both. */
const versions = { single: 1, group: 2 } as const;
export const jobVersion = versions.group;

export function toSingleData(id: string, { isProof, isSuspect }: JobMarks): object {
  return {
    v: versions.single,
    id,
    ...(isProof ? { proof: true } : {}),
    ...(isSuspect ? { suspect: true } : {}),
  };
}

export function toGroupData(pointers: readonly Pointer[], isProof: boolean): object {
  return { v: versions.group, pointers, ...(isProof ? { proof: true } : {}) };
}

export interface JobContent extends JobMarks {
  readonly members: readonly JobMember[];
  readonly isGroup: boolean;
}

export interface JobMember {
  readonly pointer: Pointer;
  readonly id: string;
}

/** Reads the data of the job of this name, whose version was looked at before; `undefined` when it is none of ours. */
export function readJobData(name: Pointer, data: unknown): JobContent | undefined {
  const several = group.safeParse(data).data;
  if (several !== undefined) {
    const members = several.pointers.map((pointer) => ({ pointer, id: idOf(pointer) }));
    return { members, isGroup: true, isProof: several.proof, isSuspect: false };
  }
  const one = single.safeParse(data).data;
  if (one === undefined) return undefined;
  const members = [{ pointer: name, id: one.id }];
  return { members, isGroup: false, isProof: one.proof, isSuspect: one.suspect };
}

/** The id that a pointer begins with. */
export function idOf(pointer: Pointer): string {
  return pointer.split('-', 1)[0] ?? '';
}

/** The record that a pointer leads to; `undefined` when it is none of ours. */
export function recordOf(pointer: Pointer): EventId | MessageId | undefined {
  const id = idOf(pointer);
  return parseEventId(id) ?? parseMessageId(id);
}
