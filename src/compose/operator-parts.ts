import type { SendStatus } from '../gate/send-status.ts';
import type { ProviderReport } from '../providers/provider-report.ts';
import type { Renderer } from '../render/create-renderer.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';

/** What the operator's services are built from. */
export interface OperatorParts {
  readonly foundation: Foundation;
  readonly gate: GateParts;
  readonly renderer: Renderer;
  readonly checkProviders: () => Promise<readonly ProviderReport[]>;
  readonly readSendStatus: () => Promise<SendStatus>;
}
