import { type EnvironmentVerdict, judgeEnvironment } from '../domain/judge-environment.ts';
import { isRecipientAllowed } from '../domain/recipient-policy.ts';
import type { MessageRecord } from '../store/message-record.ts';
import type { SendDeps } from './send-deps.ts';

/** What the environment says of this message now. Asked again after every wait. */
export function judgeMessage(
  deps: Pick<SendDeps, 'environment' | 'recipients'>,
  message: MessageRecord,
): EnvironmentVerdict {
  return judgeEnvironment(deps.environment(), {
    category: message.category,
    plannedIn: message.mode,
    recipientAllowed: isRecipientAllowed(deps.recipients, message.channel, message.to),
  });
}
