import { findNoteSlot, judgeNoteTry } from '../domain/note-schedule.ts';
import type { Log } from '../observe/log.ts';
import { redactText } from '../observe/redact.ts';
import { fetchBounded } from '../outbound/fetch-bounded.ts';
import type { Store } from '../store/keys.ts';
import { type Incident, listIncidents } from './incidents.ts';
import { changeNote, listNotes, pruneNotes, type StatusNote } from './keep-notes.ts';

export interface NoteDeps extends Store {
  /** What was released: the program and its version. */
  readonly release: string;
  readonly releasedAtMs: () => Promise<number>;
  /** The state of the system, in a few lines. */
  readonly describe: () => Promise<string>;
  /** Slack-compatible: takes `{ "text": … }`. Undefined: notes go to the log. */
  readonly webhook: URL | undefined;
  readonly log: Log;
  readonly now: () => number;
}

/** When a watchdog of this version first ran on this store (epoch ms). */
export async function readReleasedAt(
  { redis, keys, now }: Store & Pick<NoteDeps, 'now'>,
  version: string,
): Promise<number> {
  const key = keys.central.releases;
  const first = now();
  if ((await redis.hsetnx(key, version, first)) === 1) return first;
  return Number(await redis.hget(key, version));
}

const incidentsLooked = 50;
/** What happened longer ago is no news. */
const newsMs = 48 * 3_600_000;
/** The note of an incident waits this long for what was done about it. */
const actionWaitMs = 5_000;
const webhookTimeoutMs = 5_000;
/** A watchdog that has not come back with a response by then is dead. */
const postingMsMax = 30_000;

/**
 * One turn of the status notes (VER-3), to be taken by one watchdog at a time: writes down each note that is due, then
 * posts what is pending. A note is marked before it is posted and after it. So it is posted *at least* once: when
 * a watchdog died in between, or a response was lost, it is posted again and says of itself that it may be a repeat.
 */
export async function turnStatusNotes(deps: NoteDeps): Promise<void> {
  const kept = await listNotes(deps);
  const known = new Set(kept.map(({ id }) => id));
  for (const { id, write } of await findDue(deps)) {
    if (known.has(id)) continue;
    const at = deps.now();
    const text = redactText(await write());
    await changeNote(deps, undefined, {
      id,
      at,
      text,
      state: 'pending',
      tries: 0,
      nextAt: at,
      mayHaveArrived: false,
    });
  }
  const notes = await listNotes(deps);
  const open = notes.filter(({ state }) => state === 'pending' || state === 'posting');
  for (const note of open.toReversed()) if (note.nextAt <= deps.now()) await deliver(deps, note);
  await pruneNotes(deps, notes, deps.now());
}

interface DueNote {
  readonly id: string;
  readonly write: () => Promise<string>;
}

async function findDue(deps: NoteDeps): Promise<readonly DueNote[]> {
  const nowMs = deps.now();
  const releasedAtMs = await deps.releasedAtMs();
  const slot = findNoteSlot(releasedAtMs, nowMs);
  const scheduled =
    slot === undefined
      ? []
      : [
          {
            id: `${new Date(releasedAtMs).toISOString()} ${slot.name}`,
            write: async () => `${deps.release}, ${slot.name}\n${await deps.describe()}`,
          },
        ];
  const incidents = await listIncidents(deps, incidentsLooked);
  return [...incidents.flatMap((incident) => listIncidentNotes(deps, incident, nowMs)), ...scheduled];
}

function listIncidentNotes(deps: NoteDeps, incident: Incident, nowMs: number): DueNote[] {
  const { id, mode, openedAt, action, release } = incident;
  const isNews = (at: string): boolean => nowMs - Date.parse(at) < newsMs;
  const isTold = mode === 'observe' || action !== undefined || nowMs - Date.parse(openedAt) >= actionWaitMs;
  const notes: DueNote[] = [];
  if (isNews(openedAt) && isTold)
    notes.push({ id: `${id} opened`, write: async () => `${deps.release}: ${describeOpening(incident)}` });
  if (release !== undefined && isNews(release.at))
    notes.push({
      id: `${id} released`,
      write: async () =>
        `${deps.release}: ${id} was released by ${release.by}: ${release.reason}\n${await deps.describe()}`,
    });
  return notes;
}

function describeOpening({ id, mode, says, detail, action }: Incident): string {
  const effects = (action?.effects ?? []).map(
    (effect) => `${effect.action}: ${effect.state}, ${effect.ms} ms`,
  );
  const pending = mode === 'observe' ? 'observed only, nothing was stopped' : 'the guard is acting';
  return [
    `INCIDENT ${id}`,
    says,
    `measured: ${detail}`,
    `done: ${effects.length === 0 ? pending : effects.join('; ')}`,
    `a person releases it: acc incidents release ${id} "why"`,
  ].join('\n');
}

async function deliver(deps: NoteDeps, note: StatusNote): Promise<void> {
  const nowMs = deps.now();
  if (deps.webhook === undefined) {
    if (await changeNote(deps, note, { ...note, state: 'logged' }))
      deps.log.info({ note: note.id, text: note.text }, 'status note');
    return;
  }
  // One that is still posting here was cut off: its watchdog died with the response.
  const mayHaveArrived = note.mayHaveArrived || note.state === 'posting';
  const posting: StatusNote = {
    ...note,
    state: 'posting',
    tries: note.tries + 1,
    nextAt: nowMs + postingMsMax,
    mayHaveArrived,
  };
  if (!(await changeNote(deps, note, posting))) return;
  const result = await fetchBounded({
    url: deps.webhook,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: mayHaveArrived ? `${note.text}\n(this note may be a repeat)` : note.text }),
    timeoutMs: webhookTimeoutMs,
    responseBytesMax: 64 * 1024,
  });
  await settle(deps, posting, result);
}

async function settle(
  deps: NoteDeps,
  posting: StatusNote,
  result: Awaited<ReturnType<typeof fetchBounded>>,
): Promise<void> {
  const fate = judgeNoteTry(result.kind === 'answered' ? result.status : undefined, posting.tries);
  const { fault: _before, ...rest } = posting;
  if (fate.kind === 'posted') {
    await changeNote(deps, posting, { ...rest, state: 'posted' });
    return;
  }
  const fault = result.kind === 'answered' ? `the webhook answered ${result.status}` : result.detail;
  if (fate.kind === 'failed') {
    await changeNote(deps, posting, { ...rest, state: 'failed', fault });
    deps.log.error({ note: posting.id, fault, text: posting.text }, 'a status note could not be posted');
    return;
  }
  await changeNote(deps, posting, {
    ...rest,
    state: 'pending',
    fault,
    nextAt: deps.now() + fate.pauseMs,
    mayHaveArrived: posting.mayHaveArrived || fate.mayHaveArrived,
  });
  deps.log.warn({ note: posting.id, fault, tries: posting.tries }, 'a status note is tried again');
}
