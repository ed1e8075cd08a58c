import { type QueueStatus, type QueueStatusOptions, readQueueStatus } from '../deliver/queue-status.ts';
import type { ProofVerdict } from '../domain/proof-of-life.ts';
import { triggerNames } from '../domain/thresholds.ts';
import { type AuditHead, readAuditHead } from '../gate/audit-chain.ts';
import { readSendStatus, type SendStatus, type SendStatusDeps } from '../gate/send-status.ts';
import { readWatchdog, type WatchdogRecord } from '../watchdog/read-watchdog.ts';

export type DescribeDeps = Omit<SendStatusDeps, 'settings'> &
  QueueStatusOptions & {
    readonly judgeProof: () => Promise<ProofVerdict | undefined>;
    /** Where the service is reached. */
    readonly appBaseUrl: string;
  };

/** How the system stands, in a few lines for people: the body of a status note. Throws `store-unavailable`. */
export async function describeStatus(deps: DescribeDeps): Promise<string> {
  const { redis, keys } = deps;
  const [send, queue, standing, proof, audit] = await Promise.all([
    readSendStatus({ ...deps, settings: [] }),
    readQueueStatus(deps),
    readWatchdog(redis, keys, deps.now()),
    deps.judgeProof(),
    readAuditHead(redis, keys.central),
  ]);
  return [...writeStatus({ send, queue, standing, proof, audit }), deps.appBaseUrl].join('\n');
}

interface StatusFacts {
  readonly send: SendStatus;
  readonly queue: QueueStatus;
  readonly standing: WatchdogRecord;
  readonly proof: Pick<ProofVerdict, 'detail'> | undefined;
  readonly audit: AuditHead;
}

export function writeStatus({ send, queue, standing, proof, audit }: StatusFacts): string[] {
  const { queues, messages } = queue;
  const waiting = Object.values(queues).reduce((sum, { waiting: count }) => sum + count, 0);
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
  ];
}

function inWords(isTrue: boolean): string {
  return isTrue ? 'yes' : 'no';
}
