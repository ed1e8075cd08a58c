import { randomBytes } from 'node:crypto';
import type { Pointer } from './job-data.ts';

/**
 * A place in a job that is being put together. The record names the job before it is written, so that whoever finds the
 * record later finds its job, too. Each place must be taken or left, or the job is never added.
 */
export interface JobPlace {
  /** The name of the job. */
  readonly job: string;
  /** The record is written: the job is to point to it. Resolves once the job is added, and rejects when it could not be. */
  take(): Promise<void>;
  /** The record was not written. Does nothing after `take`. */
  leave(): void;
}

/** Adds the job `name` with these pointers, never none, all of one shard. */
type AddGroup<Queue> = (queue: Queue, name: string, pointers: readonly Pointer[]) => Promise<void>;

/** Pointers in a job: few enough that the work of a burst is shared among workers. */
const pointersMax = 16;

/**
 * Puts pointers of one turn of the event loop together in one job. The job is added as soon as it is known of
 * each of its places whether there is a record behind it; it never waits for more of them.
 */
export function createJobGroups<Queue extends string>(
  add: AddGroup<Queue>,
): (queue: Queue, shard: number, pointer: Pointer) => JobPlace {
  const open = new Map<string, Group>();
  return (queue, shard, pointer) => {
    const where = `${shard} ${queue}`;
    const group = open.get(where) ?? createGroup((name, pointers) => add(queue, name, pointers));
    if (!open.has(where)) {
      open.set(where, group);
      setImmediate(() => {
        if (open.get(where) === group) open.delete(where);
        group.close();
      });
    }
    const { place, isFull } = group.reserve(pointer);
    if (isFull) open.delete(where);
    return place;
  };
}

interface Group {
  reserve(pointer: Pointer): { readonly place: JobPlace; readonly isFull: boolean };
  /** No place is reserved from now on. */
  close(): void;
}

function createGroup(add: (name: string, pointers: readonly Pointer[]) => Promise<void>): Group {
  const job = randomBytes(9).toString('base64url');
  const pointers: Pointer[] = [];
  const added = Promise.withResolvers<void>();
  let reserved = 0;
  let unsettled = 0;
  let isClosed = false;
  const addWhenSettled = (): void => {
    if (!isClosed || unsettled > 0) return;
    if (pointers.length === 0) added.resolve();
    else add(job, pointers).then(added.resolve, added.reject);
  };
  return {
    reserve: (pointer) => {
      reserved += 1;
      unsettled += 1;
      let isSettled = false;
      const settle = (): void => {
        if (isSettled) return;
        isSettled = true;
        unsettled -= 1;
        addWhenSettled();
      };
      const take = async (): Promise<void> => {
        if (!isSettled) pointers.push(pointer);
        settle();
        await added.promise;
      };
      return { place: { job, take, leave: settle }, isFull: reserved >= pointersMax };
    },
    close: () => {
      isClosed = true;
      addWhenSettled();
    },
  };
}
