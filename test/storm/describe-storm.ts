import type { StormReport } from './storm.ts';

/** The report as a person reads it: the counts, and on failure the seed and the history of each message. */
export function describeStorm(report: StormReport): string {
  const { breaches } = report;
  return [
    '',
    `faults: ${total(report.faults)}; stops confirmed: ${report.stops}`,
    list(report.faults),
    `events acknowledged: ${report.acknowledged}, and ${report.lostWithTheStore} more that were lost with a store put back in time`,
    `received: ${report.mails} mails, ${report.texts} texts`,
    `messages: ${list(new Map(Object.entries(report.messages)), ', ')}`,
    `processes that ended unexpectedly: ${list(report.unexpectedExits, ', ') || 'none'}`,
    `responses after which a client retried: ${list(report.retriedResponses, ', ') || 'none'}`,
    '',
    ...(breaches.length === 0
      ? [
          'every invariant held: 0 lost, 0 twice beyond policy, 0 bytes after a stop, no window over its limit',
        ]
      : [
          `${breaches.length} breaches, seed ${report.seed}:`,
          ...breaches.map((breach) => `  ${breach}`),
          ...report.histories,
        ]),
  ].join('\n');
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function list(counts: ReadonlyMap<string | number, number>, separator = '\n'): string {
  const lines = [...counts].toSorted(([, one], [, other]) => other - one);
  return lines
    .map(([name, count]) =>
      separator === '\n' ? `  ${String(count).padStart(4)}  ${name}` : `${name} ${count}`,
    )
    .join(separator);
}
