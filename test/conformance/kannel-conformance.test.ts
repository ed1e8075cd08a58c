import type { OutgoingSms } from '../../src/providers/provider.ts';
import { createKannelProvider } from '../../src/providers/sms/kannel-provider.ts';
import { isKannelPing, kannelReplies } from '../support/kannel-replies.ts';
import { anSms } from '../support/outgoing-messages.ts';
import { type HttpStep, startScriptedHttp } from '../support/scripted-http.ts';
import { describeProvider, type PeerBehaviour, type ProviderRig } from './provider-conformance.ts';

const steps: Readonly<Record<PeerBehaviour, HttpStep>> = {
  accepts: kannelReplies.accepted,
  refuses: kannelReplies.notRoutable,
  'names-recipient-gone': kannelReplies.notRoutable,
  'asks-to-slow-down': kannelReplies.temporalFailure,
  'drops-before-body': 'drop',
  'hangs-before-body': 'hang',
  'drops-after-body': 'drop',
  'hangs-after-body': 'hang',
  'rejects-credentials': kannelReplies.unauthorized,
};

describeProvider(
  { name: 'kannel', connectionsMax: 2, hasEnvelope: false, tellsRetryAfter: true },
  async (): Promise<ProviderRig<OutgoingSms>> => {
    let behaviour: PeerBehaviour = 'accepts';
    const peer = await startScriptedHttp((request) =>
      isKannelPing(request) && behaviour === 'accepts' ? kannelReplies.missingReceiver : steps[behaviour],
    );
    const sends = (): number => peer.requests.filter((request) => !isKannelPing(request)).length;
    return {
      provider: createKannelProvider({
        name: 'kannel',
        baseUrl: new URL('cgi-bin/sendsms', peer.baseUrl),
        username: 'tester',
        password: 'example-password',
        connectionsMax: 2,
        connectTimeoutMs: 2000,
        responseTimeoutMs: 400,
        idleTimeoutMs: 4000,
      }),
      message: () => anSms(),
      behave: (next) => {
        behaviour = next;
      },
      countDelivered: sends,
      countAttempts: sends,
      countOpenConnections: () => peer.openNow,
      dropConnections: () => peer.dropAll(),
      stopPeer: () => peer.close(),
      close: () => peer.close(),
    };
  },
);
