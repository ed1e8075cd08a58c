import type { MetricsContext, ProbeContext } from '../context.ts';
import { areAllOk, isStoreReady } from '../dependency-check.ts';
import type { Exchange } from '../exchange.ts';
import { readQuery } from '../exchange.ts';
import type { Reply } from '../route.ts';
import { replyJson } from '../route.ts';

const boundMs = 1000;

/**
 * Ready means that an event can be put on disk here: the store is writable and durable, and we are not on our way
 * out. An issuer outage, a pause and a dry run stay ready.
 */
export async function getReadyz(exchange: Exchange, context: ProbeContext): Promise<Reply> {
  const report = await context.dependencies.read(boundMs);
  const draining = context.drain.phase !== 'serving';
  const ready = isStoreReady(report) && !draining;
  return replyJson(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not-ready',
    draining,
    ...(readQuery(exchange).has('verbose') ? { checks: report } : {}),
  });
}

/** The process answers, so it lives. Nothing else is asked: a store that blinks must not restart every process. */
export function getLivez(): Reply {
  return replyJson(200, { status: 'alive' });
}

/**
 * `pass`, `warn` (it works, something near it does not) or `fail` (503), in the shape of
 * draft-inadarei-api-health-check-06.
 */
export async function getHealth(_exchange: Exchange, context: ProbeContext): Promise<Reply> {
  const report = await context.dependencies.read(boundMs);
  const time = new Date(context.nowMs()).toISOString();
  const status = isStoreReady(report) ? (areAllOk(report) ? 'pass' : 'warn') : 'fail';
  const checks = Object.fromEntries(
    Object.entries(report).map(([name, { ok, detail }]) => [
      `${name}:responses`,
      [
        ok
          ? { status: 'pass', time }
          : { status: name.startsWith('store') ? 'fail' : 'warn', time, output: detail },
      ],
    ]),
  );
  const reply = replyJson(status === 'fail' ? 503 : 200, { status, version: context.programVersion, checks });
  return { ...reply, mediaType: 'application/health+json; charset=utf-8' };
}

/** What Prometheus scrapes. */
export async function getMetrics(_exchange: Exchange, { readMetrics }: MetricsContext): Promise<Reply> {
  const { contentType, body } = await readMetrics();
  return { status: 200, mediaType: contentType, text: body, headers: {} };
}
