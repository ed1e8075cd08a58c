import { setTimeout as sleep } from 'node:timers/promises';
import { countMembers } from '../../src/store/count-members.ts';
import { askEvent, resendEvent } from '../faults/invariants.ts';
import { anEvent, type Service } from '../support/service.ts';
import type { ApiResponse, ServiceClient } from '../support/service-client.ts';

/** What upstream services post, and the responses. */
export interface Traffic {
  /** When an event was answered with 202, by its id; ms of `performance.now()`. */
  readonly acknowledged: Map<string, number>;
  /** Responses after which the client retried, by status; 0 is no response. */
  readonly retriedResponses: ReadonlyMap<number, number>;
  /** Responses that no client should ever get. */
  readonly breaches: readonly string[];
  /** Posts this once, and again with the same key until the response is final. */
  post(body: string): Promise<ApiResponse | undefined>;
  /** Until `signal`; more and more when there is room. */
  keepPosting(signal: AbortSignal): Promise<void>;
}

interface Stream {
  readonly name: string;
  readonly pauseMs: number;
  readonly write: (key: string, count: number) => object;
}

const streams: readonly Stream[] = [
  { name: 'ask', pauseMs: 100, write: askEvent },
  { name: 'resend', pauseMs: 250, write: resendEvent },
  { name: 'later', pauseMs: 1_000, write: laterEvent },
  { name: 'text', pauseMs: 900, write: textEvent },
];
const batch = { name: 'batch', pauseMs: 2_000, size: 10 };

/** With more than this open, posts wait: a storm is about faults and not about load. */
const openMax = 500;
/** A service that has recovered responds within this. */
const patienceMs = 180_000;
/** Statuses after which a client retries: nothing is wrong with the event. */
const passing = new Set([0, 401, 429, 502, 503, 504]);

export function createTraffic(service: Service, client: ServiceClient): Traffic {
  const acknowledged = new Map<string, number>();
  const retriedResponses = new Map<number, number>();
  const breaches: string[] = [];
  const note = ({ body }: ApiResponse): void => {
    const receipts = (body['results'] ?? [body]) as { event_id?: string }[];
    for (const { event_id: id } of receipts) if (id !== undefined) acknowledged.set(id, performance.now());
  };
  const post = async (body: string): Promise<ApiResponse | undefined> => {
    const path = body.startsWith('[') ? '/api/events/batch' : '/api/events';
    for (const giveUpAt = performance.now() + patienceMs; performance.now() < giveUpAt; await sleep(20)) {
      const answer = await postOnce(client, `${service.url}${path}`, body);
      if (answer.status < 300) note(answer);
      if (!passing.has(answer.status) && !hasOpenItem(answer)) return answer;
      retriedResponses.set(answer.status, (retriedResponses.get(answer.status) ?? 0) + 1);
    }
    breaches.push(`no answer within ${patienceMs} ms to ${body.slice(0, 60)}`);
    return undefined;
  };
  const postUntilAccepted = async (body: object): Promise<void> => {
    const answer = await post(JSON.stringify(body));
    if (answer !== undefined && answer.status !== 202)
      breaches.push(
        `a good event was answered ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`,
      );
  };
  const run = async (signal: AbortSignal, pauseMs: number, write: (count: number) => object) => {
    for (let count = 0; !signal.aborted; count += 1) {
      await waitForRoom(service, signal);
      await postUntilAccepted(write(count));
      await sleep(pauseMs);
    }
  };
  return {
    acknowledged,
    retriedResponses,
    breaches,
    post,
    keepPosting: async (signal) => {
      const posters = streams.map(({ name, pauseMs, write }) =>
        run(signal, pauseMs, (count) => write(`${name}-${count}`, count)),
      );
      posters.push(run(signal, batch.pauseMs, writeBatch));
      await Promise.all(posters);
    },
  };
}

function writeBatch(count: number): object {
  return Array.from({ length: batch.size }, (_, index) => askEvent(`${batch.name}-${count}-${index}`));
}

function laterEvent(key: string): object {
  return { ...askEvent(key), send_at: new Date(Date.now() + 2_000).toISOString() };
}

function textEvent(key: string, count: number): object {
  return { idempotency_key: key, ...anEvent({ phone: `+155555${String(50_000 + count)}` }) };
}

/** An item of a batch that the store could not take is no final answer to it. */
function hasOpenItem({ body }: ApiResponse): boolean {
  const results = (body['results'] ?? []) as { problem?: { status?: number } }[];
  return results.some(({ problem }) => problem !== undefined && passing.has(problem.status ?? 0));
}

async function postOnce(client: ServiceClient, url: string, body: string): Promise<ApiResponse> {
  try {
    const headers = {
      authorization: `Bearer ${await client.token('upstream')}`,
      'content-type': 'application/json',
    };
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  } catch {
    return { status: 0, headers: new Headers(), body: {} };
  }
}

async function waitForRoom({ redis, keys }: Service, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const open = await countMembers(redis, keys, ({ messagesOpen, eventsOpen }) => [
      messagesOpen,
      eventsOpen,
    ]).catch(() => 0);
    if (open < openMax) return;
    await sleep(100);
  }
}
