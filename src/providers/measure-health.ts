import { type ProviderHealth, ProviderUnavailable } from './provider.ts';

/** What a check found out; how long it took is measured around it. */
export type HealthFinding = Pick<ProviderHealth, 'status' | 'detail'>;

/** Runs a check and turns whatever happens into a health report; never rejects. */
export async function measureHealth(
  about: Pick<ProviderHealth, 'provider' | 'channel'>,
  check: () => Promise<HealthFinding>,
): Promise<ProviderHealth> {
  const startedMs = performance.now();
  const finding = await check().catch(findingOf);
  return {
    ...about,
    ...finding,
    ok: finding.status === 'ok',
    latencyMs: Math.round(performance.now() - startedMs),
  };
}

function findingOf(error: unknown): HealthFinding {
  if (!(error instanceof ProviderUnavailable)) return { status: 'error', detail: 'the check itself failed' };
  return { status: statuses[error.code] ?? 'unreachable', detail: `${error.code}: ${error.message}` };
}

const statuses: Readonly<Record<string, ProviderHealth['status']>> = {
  unauthorized: 'unauthorized',
  throttled: 'error',
};
