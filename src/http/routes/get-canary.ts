import type { ApiContext } from '../context.ts';
import { areAllOk } from '../dependency-check.ts';
import type { Exchange } from '../exchange.ts';
import type { Reply } from '../route.ts';
import { replyJson } from '../route.ts';
import { securityHeaderNames } from '../security-headers.ts';

/** Longest wait for the dependencies: a canary that hangs tells nothing. */
const boundMs = 100;

/**
 * The canary of contract v2.7 (CAN-1): exactly these eight keys in this order, always 200 and JSON. Every figure is
 * measured; the headers are read from the head that this very answer gets.
 */
export async function getCanary({ headers }: Exchange, context: ApiContext): Promise<Reply> {
  const present = securityHeaderNames.filter((name) => Object.hasOwn(headers, name));
  const missing = securityHeaderNames.filter((name) => !Object.hasOwn(headers, name));
  const dependenciesOk = areAllOk(await context.dependencies.read(boundMs));
  return replyJson(
    200,
    {
      app: 'auto_com_center',
      app_base_url: context.baseUrl,
      version: 'v2.7',
      status: dependenciesOk && missing.length === 0 ? 'ok' : 'degraded',
      p95_ms: measureP95(context),
      security_headers: { present, missing },
      dependencies_ok: dependenciesOk,
      timestamp: new Date(context.nowMs()).toISOString(),
    },
    { 'Cache-Control': 'no-cache, must-revalidate' },
  );
}

/** To the tenth of a millisecond; 0 with no samples, also when the recorder itself is broken. */
function measureP95({ services }: ApiContext): number {
  try {
    const p95Ms = services.latency.p95Ms();
    return Number.isFinite(p95Ms) ? Math.round(p95Ms * 10) / 10 : 0;
  } catch {
    return 0;
  }
}
