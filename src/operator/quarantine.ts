import { z } from 'zod';
import { type AuditDeps, actAudited } from '../gate/act-audited.ts';
import type { JudgeReport } from '../identity/judge-quarantine.ts';
import {
  countQuarantine,
  discardQuarantined,
  listQuarantined,
  type QuarantineItem,
  type QuarantineStore,
} from '../identity/list-quarantine.ts';
import type { QuarantineBounds } from '../identity/quarantine.ts';
import { change, read, toOrder } from './operation.ts';
import {
  bulkLimit,
  count,
  counts,
  ids,
  instant,
  nextCursor,
  pageQuery,
  preview,
  reason,
  toIso,
  viewPage,
  word,
} from './schemas.ts';

export interface QuarantineDeps extends AuditDeps {
  readonly quarantine: QuarantineStore & {
    readonly bounds: QuarantineBounds;
    /** False: no key for tokens is set, so nothing is taken. */
    readonly isOn: boolean;
    /** How the issuer's keys are. */
    readonly keyHealth: () => { readonly ok: boolean; readonly detail: string };
    /** One round over the oldest, `limit` at most. */
    readonly judge: (limit: number) => Promise<JudgeReport>;
  };
}

const quarantined = z.strictObject({
  event_id: z.string(),
  type: z.string(),
  claimed_client: z.string().meta({ description: 'What the token says; nobody has proved it' }),
  received_at: instant,
  age_seconds: count,
  bytes: count,
  planned_in: z.string(),
  request_id: z.string(),
});

/** Events whose tokens nobody could judge yet (IDN-4). */
export const quarantine = [
  read('/api/quarantine', {
    operationId: 'getQuarantine',
    summary: 'List events whose tokens nobody could judge yet',
    query: z.strictObject(pageQuery),
    response: z
      .strictObject({
        counts: z.strictObject({ events: count, bytes: count, oldest_age_seconds: count }),
        bounds: z.strictObject({
          events: count,
          bytes: count,
          age_seconds: count,
          per_source_per_minute: count,
        }),
        on: z.boolean().meta({ description: 'False: no key for tokens is set, so nothing is taken' }),
        keys: z.strictObject({ ok: z.boolean(), detail: z.string() }).meta({ description: 'Of the issuer' }),
        items: z.array(quarantined),
        next_cursor: nextCursor,
      })
      .meta({ id: 'Quarantine', title: 'Events whose tokens nobody could judge yet, oldest first' }),
    command: {
      name: 'quarantine list',
      summary: 'events whose tokens nobody could judge yet, and how full the quarantine is',
      about: 'The client is what the token claims: nobody has proved it.',
      columns: [
        ['ID', 'event_id'],
        ['TYPE', 'type'],
        ['CLAIMED CLIENT', 'claimed_client'],
        ['SECONDS', 'age_seconds'],
        ['BYTES', 'bytes'],
        ['RECEIVED', 'received_at'],
      ],
    },
    run: async ({ query }, { quarantine: store }: QuarantineDeps) => {
      const [page, size] = await Promise.all([listQuarantined(store, query), countQuarantine(store)]);
      const { bounds } = store;
      const { ok, detail } = store.keyHealth();
      return {
        counts: {
          events: size.events,
          bytes: size.bytes,
          oldest_age_seconds: Math.floor(size.oldestAgeMs / 1_000),
        },
        bounds: {
          events: bounds.eventsMax,
          bytes: bounds.bytesMax,
          age_seconds: bounds.ageMsMax / 1_000,
          per_source_per_minute: bounds.perSourcePerMinute,
        },
        on: store.isOn,
        keys: { ok, detail },
        ...viewPage(page, (item) => viewQuarantined(item, store.now())),
      };
    },
  }),
  change('POST /api/quarantine/judge', {
    operationId: 'postQuarantineJudge',
    summary: 'Judge quarantined events now',
    description: 'Oldest first, each as of its receipt. What still cannot be judged stays.',
    body: z.strictObject({ limit: bulkLimit, reason }).meta({
      id: 'QuarantineJudge',
      title: 'Judge quarantined events now',
      examples: [{ reason: 'the issuer is back' }],
    }),
    response: z
      .strictObject({
        accepted: count,
        rejected: counts.meta({ description: 'By reason' }),
        undecided: count.meta({ description: 'Looked at, and still not to be judged' }),
        left: count.meta({ description: 'In quarantine now' }),
      })
      .meta({ id: 'QuarantineVerdicts' }),
    run: ({ body, by }, deps: QuarantineDeps) => {
      const { quarantine: store } = deps;
      const action = { action: 'judge quarantine', detail: { limit: body.limit } };
      return actAudited(deps, toOrder(body, by), action, async () => {
        const report = await store.judge(body.limit);
        const result = { ...report, left: (await countQuarantine(store)).events };
        return { result, detail: result };
      });
    },
  }),
  change('POST /api/quarantine/discard', {
    operationId: 'postQuarantineDiscard',
    summary: 'Discard quarantined events for good',
    description: 'By default a preview. They end `rejected` with the reason `discarded`.',
    body: z
      .strictObject({
        filter: z.strictObject({
          ids: ids.optional(),
          client: word.optional().meta({ description: 'The one that the token claims' }),
          older_than_seconds: z.int().nonnegative().optional(),
        }),
        limit: bulkLimit,
        preview,
        reason,
      })
      .meta({
        id: 'QuarantineDiscard',
        title: 'Discard quarantined events',
        examples: [{ filter: { client: 'probe' }, reason: 'forged' }],
      }),
    response: z
      .strictObject({ preview: z.boolean(), matched: count, discarded: count, by_type: counts })
      .meta({ id: 'QuarantineDiscardReport' }),
    command: {
      name: 'quarantine discard',
      summary: 'end quarantined events for good: they are never delivered',
      about: 'Shows a preview; --yes does it. There is no way back.',
      bulk: { verb: 'discard', doneIn: 'discarded' },
    },
    run: async ({ body, by }, deps: QuarantineDeps) => {
      const { preview: isPreview, limit, filter } = body;
      const { older_than_seconds: ageSeconds = 0, ...named } = filter;
      const run = async () => {
        const order = { filter: { ...named, olderThanMs: ageSeconds * 1_000 }, limit, preview: isPreview };
        const { byType, ...report } = await discardQuarantined(deps.quarantine, order);
        return { preview: isPreview, ...report, by_type: byType };
      };
      if (isPreview) return await run();
      const action = { action: 'discard quarantine', detail: { filter, limit } };
      return await actAudited(deps, toOrder(body, by), action, async () => {
        const result = await run();
        return { result, detail: { matched: result.matched, discarded: result.discarded } };
      });
    },
  }),
];

function viewQuarantined(item: QuarantineItem, nowMs: number): z.output<typeof quarantined> {
  return {
    event_id: item.id,
    type: item.type,
    claimed_client: item.claimedClient,
    received_at: toIso(item.receivedAt),
    age_seconds: Math.max(0, Math.floor((nowMs - item.receivedAt) / 1_000)),
    bytes: item.bytes,
    planned_in: item.mode,
    request_id: item.requestId,
  };
}
