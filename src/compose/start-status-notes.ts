import { readQueueStatus } from '../deliver/queue-status.ts';
import { parseInstant } from '../domain/instant.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import { triggerNames } from '../domain/thresholds.ts';
import { readAuditHead } from '../gate/audit-chain.ts';
import { readSendStatus } from '../gate/send-status.ts';
import { readGuard } from '../guard/read-guard.ts';
import { type NoteDesk, turnStatusNotes } from '../guard/status-notes.ts';
import { createLease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';
import { readEnvironmentFlags } from './environment-flags.ts';
import { createProofJudge } from './judge-proof.ts';
import { runTask } from './run-task.ts';

const lookEveryMs = 1_000;
const leaseMs = 15_000;

/** Starts writing status notes (VER-3); of all guards, the one that holds the lease does. */
export function startStatusNotes(foundation: Foundation, isGuardPassed: () => boolean): void {
  const { configuration, version, redis, keys, log, now } = foundation;
  const { STATUS_WEBHOOK_URL } = configuration.values;
  const desk: NoteDesk = {
    redis: redis.commands,
    keys,
    release: `auto_com_center ${version}`,
    releasedAtMs: () => readReleasedAt(foundation),
    describe: createDescriber(foundation, isGuardPassed),
    webhook: STATUS_WEBHOOK_URL === undefined ? undefined : new URL(STATUS_WEBHOOK_URL),
    log,
    now,
  };
  const lease = createLease(redis.commands, keys.shard(0).lease('notes'), leaseMs);
  runTask(foundation, {
    name: 'status notes',
    everyMs: lookEveryMs,
    run: () => turnStatusNotes(desk),
    lease,
  });
}

/** As configured; else when a guard of this version first ran on this store. */
async function readReleasedAt({ configuration, version, redis, keys, now }: Foundation): Promise<number> {
  const { RELEASED_AT } = configuration.values;
  const configured = RELEASED_AT === undefined ? undefined : parseInstant(RELEASED_AT);
  if (configured !== undefined) return configured;
  const key = keys.shard(0).releases;
  const first = now();
  if ((await redis.commands.hsetnx(key, version, first)) === 1) return first;
  return Number(await redis.commands.hget(key, version));
}

function createDescriber(foundation: Foundation, isGuardPassed: () => boolean): () => Promise<string> {
  const { configuration, redis, keys, jobs, now } = foundation;
  const judgeProof = createProofJudge(foundation);
  const store = { redis: redis.commands, keys, jobs, now };
  return async () => {
    const environment = (): EnvironmentFlags => readEnvironmentFlags(configuration, isGuardPassed());
    const [send, queue, standing, proof, audit] = await Promise.all([
      readSendStatus({ ...store, environment, settings: [] }),
      readQueueStatus(store),
      readGuard(store.redis, keys, now()),
      judgeProof(),
      readAuditHead(store.redis, keys.shard(0)),
    ]);
    const { queues, messages } = queue;
    const waiting = Object.values(queues).reduce((sum, figures) => sum + figures.waiting, 0);
    const latched = triggerNames.filter((name) => standing.latches.has(name));
    const verdicts = triggerNames.map(
      (name) => `${name} ${standing.judgement?.triggers[name].verdict ?? 'no-data'}`,
    );
    return [
      `sending: ${send.isSending ? 'yes' : `no (${send.reason ?? 'rehearsing'})`}, mode ${send.mode}`,
      `paused: intake ${inWords(queue.isIngestPaused)}, consumers ${inWords(queue.areConsumersPaused)}`,
      `messages: ${waiting} waiting, ${messages.sent} sent, ${messages.held} held, ${queue.deadLetters} dead, ${messages.unknown} unknown`,
      `triggers: ${verdicts.join(', ')}${latched.length === 0 ? '' : `; latched: ${latched.join(', ')}`}`,
      `proof of life: ${proof?.detail ?? 'off'}`,
      `audit: ${audit.count} lines, head ${audit.head === '' ? 'none' : audit.head}`,
      configuration.appBaseUrl,
    ].join('\n');
  };
}

function inWords(isTrue: boolean): string {
  return isTrue ? 'yes' : 'no';
}
