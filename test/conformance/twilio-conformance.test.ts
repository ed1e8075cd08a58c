import type { OutgoingSms } from '../../src/providers/provider.ts';
import { createTwilioProvider } from '../../src/providers/sms/twilio-provider.ts';
import { anSms } from '../support/outgoing-messages.ts';
import { type HttpStep, startScriptedHttp } from '../support/scripted-http.ts';
import { describeProvider, type PeerBehaviour, type ProviderRig } from './provider-conformance.ts';

const steps: Readonly<Record<PeerBehaviour, HttpStep>> = {
  accepts: json(201, { sid: 'SM00000000000000000000000000000001', status: 'queued' }),
  refuses: json(400, { code: 21610, message: 'Attempt to send to unsubscribed recipient' }),
  'names-recipient-gone': json(400, { code: 21211, message: "The 'To' number +15555550123 is not valid" }),
  'asks-to-slow-down': json(429, { code: 20429, message: 'Too Many Requests' }, { 'retry-after': '30' }),
  'drops-before-body': 'drop',
  'hangs-before-body': 'hang',
  'drops-after-body': 'drop',
  'hangs-after-body': 'hang',
  'rejects-credentials': json(401, { code: 20003, message: 'Authenticate' }),
};

describeProvider(
  { name: 'twilio', connectionsMax: 2, hasEnvelope: false, tellsRetryAfter: true },
  async (): Promise<ProviderRig<OutgoingSms>> => {
    let behaviour: PeerBehaviour = 'accepts';
    const peer = await startScriptedHttp(({ method }) =>
      method === 'GET' && behaviour === 'accepts' ? json(200, { status: 'active' }) : steps[behaviour],
    );
    const posts = (): number => peer.requests.filter(({ method }) => method === 'POST').length;
    return {
      provider: createTwilioProvider({
        name: 'twilio',
        baseUrl: peer.baseUrl,
        accountSid: 'AC00000000000000000000000000000000',
        authToken: 'example-token',
        connectionsMax: 2,
        connectTimeoutMs: 2000,
        responseTimeoutMs: 400,
        idleTimeoutMs: 4000,
      }),
      message: () => anSms(),
      behave: (next) => {
        behaviour = next;
      },
      countDelivered: posts,
      countAttempts: posts,
      countOpenConnections: () => peer.openNow,
      dropConnections: () => peer.dropAll(),
      stopPeer: () => peer.close(),
      close: () => peer.close(),
    };
  },
);

function json(status: number, body: object, headers: Record<string, string> = {}): HttpStep {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
