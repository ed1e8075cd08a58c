import type { ProbeContext } from '../../context.ts';
import { areAllOk, isStoreReady } from '../../dependency-check.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

const boundMs = 1000;

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
