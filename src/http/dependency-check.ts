import type { DependencyCheck, DependencyReport } from './services.ts';

export interface DependencyReader {
  /** The report, at most 5 s old; or, when none comes within `boundMs`, one that says so. Never rejects. */
  read(boundMs: number): Promise<DependencyReport>;
}

const maxAgeMs = 5000;

/**
 * Asks the dependencies at most once in 5 s and once at a time, whoever asks and however often; nobody
 * waits longer than he wishes. A response that comes late is there for the next one.
 */
export function createDependencyReader(
  check: () => Promise<DependencyReport>,
  nowMs: () => number,
): DependencyReader {
  let last: { readonly report: DependencyReport; readonly at: number } | undefined;
  let pending: Promise<DependencyReport> | undefined;

  const refresh = async (): Promise<DependencyReport> => {
    try {
      const report = await check();
      last = { report, at: nowMs() };
      return report;
    } catch {
      return createFailedReport('the check itself failed');
    } finally {
      pending = undefined;
    }
  };

  return {
    async read(boundMs) {
      const age = last === undefined ? Number.POSITIVE_INFINITY : nowMs() - last.at;
      if (last !== undefined && age >= 0 && age < maxAgeMs) return last.report;
      pending ??= refresh();
      return withinBound(pending, boundMs);
    },
  };
}

/** True when readiness allows: the store can be written, durably. */
export function isStoreReady(report: DependencyReport): boolean {
  return report.store.ok && report.store_durable.ok;
}

export function areAllOk(report: DependencyReport): boolean {
  return Object.values(report).every((check) => check.ok);
}

function createFailedReport(detail: string): DependencyReport {
  const failed = { ok: false, detail };
  return { store: failed, store_durable: failed, issuer: failed };
}

function withinBound(report: Promise<DependencyReport>, boundMs: number): Promise<DependencyReport> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(createFailedReport(`no answer within ${boundMs} ms`)), boundMs);
    report.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What is known of each dependency. */
export interface DependencyFacts {
  readonly store: { readonly writable: boolean; readonly durable: boolean; readonly detail: string };
  /** Absent in a process that asks for no keys. */
  readonly issuer: DependencyCheck | undefined;
  /** Absent, or answers undefined, where there is to be no proof of life. */
  readonly judgeProof: (() => Promise<DependencyCheck | undefined>) | undefined;
}

/** The facts as one report. Never rejects. */
export async function toDependencyReport({
  store,
  issuer = { ok: true, detail: 'not asked by this process' },
  judgeProof,
}: DependencyFacts): Promise<DependencyReport> {
  return {
    store: { ok: store.writable, detail: store.writable ? 'takes writes' : store.detail },
    store_durable: { ok: store.durable, detail: store.detail },
    issuer: { ok: issuer.ok, detail: issuer.detail },
    ...(await describeProof(judgeProof)),
  };
}

async function describeProof(
  judgeProof: DependencyFacts['judgeProof'],
): Promise<Pick<DependencyReport, 'proof_of_life'>> {
  try {
    const verdict = await judgeProof?.();
    return verdict === undefined ? {} : { proof_of_life: { ok: verdict.ok, detail: verdict.detail } };
  } catch {
    return { proof_of_life: { ok: false, detail: 'the store cannot tell' } };
  }
}
