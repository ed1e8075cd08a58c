import type { Store } from '../store/keys.ts';
import { type AuditLine, appendAudit } from './audit-chain.ts';

/** Who asks for a change, and why. The reason has been cleared of addresses. */
export interface AuditOrder {
  readonly actor: string;
  readonly reason: string;
  readonly requestId?: string;
}

export interface AuditDeps extends Store {
  readonly now: () => number;
}

export interface AuditedAction {
  readonly action: string;
  /** What it is about: filters and ids, never an address. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * Does something only after the audit chain has taken a line that says so; a chain that takes none means that nothing
 * is done. A second line says how it ended, also when it failed half-way.
 */
export async function actAudited<T extends object>(
  deps: AuditDeps,
  order: AuditOrder,
  audited: AuditedAction,
  act: () => Promise<{ readonly result: T; readonly detail: Readonly<Record<string, unknown>> }>,
): Promise<T> {
  const append = (action: string, detail: AuditLine['detail']): Promise<void> =>
    appendAudit(deps.redis, deps.keys.central, {
      at: new Date(deps.now()).toISOString(),
      actor: order.actor,
      action,
      reason: order.reason,
      ...(order.requestId === undefined ? {} : { requestId: order.requestId }),
      ...(detail === undefined ? {} : { detail }),
    });
  await append(audited.action, audited.detail);
  try {
    const { result, detail } = await act();
    await append(`${audited.action}: done`, detail);
    return result;
  } catch (error) {
    await append(`${audited.action}: not finished`, audited.detail).catch(() => undefined);
    throw error;
  }
}
