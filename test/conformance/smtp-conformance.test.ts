import { createSmtpProvider } from '../../src/providers/email/smtp-provider.ts';
import type { OutgoingEmail } from '../../src/providers/provider.ts';
import { anEmail } from '../support/outgoing-messages.ts';
import { type SmtpScript, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { describeProvider, type PeerBehaviour, type ProviderRig } from './provider-conformance.ts';

const scripts: Readonly<Record<PeerBehaviour, SmtpScript>> = {
  accepts: {},
  refuses: { rcpt: { reply: '554 5.7.1 <jo@example.com>: message refused by policy' } },
  'names-recipient-gone': { rcpt: { reply: '550 5.1.1 <jo@example.com>: user unknown' } },
  'asks-to-slow-down': { mail: { reply: '421 4.7.0 too much mail, try again later', thenDrop: true } },
  'drops-before-body': { data: 'drop' },
  'hangs-before-body': { mail: 'hang' },
  'drops-after-body': { dot: 'drop' },
  'hangs-after-body': { dot: 'hang' },
  'rejects-credentials': { auth: { reply: '535 5.7.8 bad credentials' } },
};

for (const extensions of [['PIPELINING'], []]) {
  const flavour = extensions.length === 0 ? 'one command at a time' : 'pipelined';
  describeProvider(
    { name: `smtp, ${flavour}`, connectionsMax: 2, hasEnvelope: true, tellsRetryAfter: false },
    () => createSmtpRig(extensions),
  );
}

async function createSmtpRig(extensions: string[]): Promise<ProviderRig<OutgoingEmail>> {
  const peer = await startScriptedSmtp({}, [...extensions, 'AUTH PLAIN']);
  const provider = createSmtpProvider({
    name: 'smtp-primary',
    host: '127.0.0.1',
    port: peer.port,
    secure: false,
    requireTls: false,
    auth: { user: 'sender', pass: 'example-password' },
    connectionsMax: 2,
    connectTimeoutMs: 2000,
    socketTimeoutMs: 400,
    idleTimeoutMs: 10_000,
    messagesPerConnection: 100,
  });
  return {
    provider,
    message: () => anEmail(),
    behave: (behaviour) => peer.play(scripts[behaviour]),
    countDelivered: () => peer.messages.length,
    countAttempts: () => peer.commands.filter((line) => line.startsWith('MAIL')).length,
    countOpenConnections: () => peer.openNow,
    dropConnections: () => peer.dropAll(),
    stopPeer: () => peer.close(),
    close: () => peer.close(),
  };
}
