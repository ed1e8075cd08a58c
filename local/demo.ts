import { z } from 'zod';
import { isEnded, type MessageState, messageStates, waitingStates } from '../src/domain/message.ts';
import type { Report } from './report.ts';

export interface DemoOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly report: Report;
  /** How long both events may take together. */
  readonly deadlineMs: number;
}

/** How many messages ended in each state. */
export type DemoOutcome = ReadonlyMap<MessageState | 'not finished', number>;

const eventView = z.object({
  state: z.string(),
  reason: z.string().optional(),
  messages: z.array(
    z.object({
      message_id: z.string(),
      channel: z.string(),
      state: z.enum(messageStates),
      reason: z.string().optional(),
    }),
  ),
});
const messageView = z.object({
  to: z.string(),
  attempts: z.array(z.object({ provider: z.string(), duration_ms: z.number().optional() })).default([]),
});

type EventView = z.infer<typeof eventView>;

/** Posts two events as an upstream service would and follows every message of theirs to its end. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  const deadlineAt = Date.now() + options.deadlineMs;
  const counts = new Map<MessageState | 'not finished', number>();
  for (const body of composeEvents(Date.now())) {
    const id = await postEvent(options, body);
    const view = await options.report.step(
      body.type,
      () => followEvent(options, id, deadlineAt),
      (event) => describeEvent(id, event),
    );
    for (const message of view.messages) {
      const state = isFinished(message.state) ? message.state : 'not finished';
      counts.set(state, (counts.get(state) ?? 0) + 1);
      await reportMessage(options, message);
    }
  }
  return counts;
}

function composeEvents(nowMs: number) {
  return [
    {
      type: 'deadline_approaching',
      student_id: 'stu_1001',
      scholarship_id: 'sch_2002',
      deadline: new Date(nowMs + 48 * 3_600_000).toISOString(),
      hours_remaining: 48,
      idempotency_key: `demo-deadline-${nowMs}`,
      scholarship_title: 'Northern Lights STEM Scholarship',
      apply_url: 'https://app.example.com/s/2002',
    },
    {
      type: 'new_match_found',
      student_id: 'stu_1002',
      scholarship_id: 'sch_3003',
      match_score: 92,
      idempotency_key: `demo-match-${nowMs}`,
      scholarship_title: 'Harbor Foundation Engineering Grant',
      apply_url: 'https://app.example.com/s/3003',
    },
  ];
}

async function postEvent(options: DemoOptions, body: { readonly idempotency_key: string }): Promise<string> {
  const { idempotency_key: key, ...event } = body;
  const response = await fetch(`${options.apiUrl}/api/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${options.token}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.text();
  if (response.status !== 202) throw new Error(`POST /api/events answered ${response.status}: ${answer}`);
  return z.object({ event_id: z.string() }).parse(JSON.parse(answer)).event_id;
}

/** The event once nothing moves any more, or as it is when the time is over. */
async function followEvent(options: DemoOptions, id: string, deadlineAt: number): Promise<EventView> {
  for (;;) {
    const view = eventView.parse(await readView(options, `/api/events/${id}`));
    const isPlanned = !['accepted', 'quarantined'].includes(view.state);
    if (isPlanned && view.messages.every((message) => isFinished(message.state))) return view;
    if (Date.now() > deadlineAt) return view;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function reportMessage(options: DemoOptions, message: EventView['messages'][number]): Promise<void> {
  const view = messageView.parse(await readView(options, `/api/messages/${message.message_id}`));
  const last = view.attempts.at(-1);
  const took =
    last === undefined
      ? ''
      : ` by ${last.provider}${last.duration_ms === undefined ? '' : ` in ${Math.round(last.duration_ms)} ms`}`;
  const why = message.reason === undefined ? '' : ` (${message.reason})`;
  const line = `${message.state}${why}${took}`;
  const name = `  ${message.channel} to ${view.to}`;
  const isGood = message.state !== 'dead' && message.state !== 'unknown' && isFinished(message.state);
  if (isGood) options.report.good(name, line);
  else options.report.bad(name, `${line}  ${options.apiUrl}/api/messages/${message.message_id}`);
}

async function readView(options: DemoOptions, path: string): Promise<unknown> {
  const response = await fetch(options.apiUrl + path, {
    headers: { authorization: `Bearer ${options.token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function describeEvent(id: string, view: EventView): string {
  return `${id}  ${view.state}${view.reason === undefined ? '' : ` (${view.reason})`}`;
}

function isFinished(state: MessageState): boolean {
  return isEnded(state) || waitingStates.includes(state);
}
