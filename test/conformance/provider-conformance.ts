import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttemptOutcome } from '../../src/domain/outcome.ts';
import { type OutgoingMessage, type Provider, ProviderUnavailable } from '../../src/providers/provider.ts';
import { NotingFence } from '../support/outgoing-messages.ts';
import { waitFor } from '../support/wait-for.ts';

/** How the other side behaves, whatever its protocol. */
export type PeerBehaviour =
  | 'accepts'
  | 'refuses'
  | 'names-recipient-gone'
  | 'asks-to-slow-down'
  | 'drops-before-body'
  | 'hangs-before-body'
  | 'drops-after-body'
  | 'hangs-after-body'
  | 'rejects-credentials';

/** A provider and the fake at its other end. */
export interface ProviderRig<M extends OutgoingMessage> {
  readonly provider: Provider<M>;
  message(): M;
  behave(behaviour: PeerBehaviour): void;
  /** Messages that arrived whole, whatever was answered. */
  countDelivered(): number;
  /** Attempts that began: MAIL FROM, or a request. Health checks not counted. */
  countAttempts(): number;
  countOpenConnections(): number;
  /** Closes idle connections from the other side. */
  dropConnections(): void;
  /** The other side is gone; connecting is refused. */
  stopPeer(): Promise<void>;
  close(): Promise<void>;
}

export interface ConformanceTraits {
  readonly name: string;
  /** Most leases at the same time; every rig is built with this many. */
  readonly connectionsMax: number;
  /** The protocol has a dialogue before the message leaves, in which a peer can fail. */
  readonly hasEnvelope: boolean;
  /** The protocol can say how long to wait. */
  readonly tellsRetryAfter: boolean;
}

/** What every provider guarantees, run against each adapter by its own file. */
export function describeProvider<M extends OutgoingMessage>(
  traits: ConformanceTraits,
  createRig: () => Promise<ProviderRig<M>>,
): void {
  describe(`provider conformance: ${traits.name}`, () => {
    let rig: ProviderRig<M>;
    beforeEach(async () => {
      rig = await createRig();
    });
    afterEach(async () => {
      await rig.provider.close(0);
      await rig.close();
    });
    describeOutcomes(traits, () => rig);
    if (traits.hasEnvelope) describeDialogue(() => rig);
    describeFence(() => rig);
    describeAfterwards(() => rig);
    describeLeases(traits, () => rig);
    describeConnections(() => rig);
    describeHealthAndClose(() => rig);
  });
}

type GetRig<M extends OutgoingMessage> = () => ProviderRig<M>;

function describeOutcomes<M extends OutgoingMessage>(traits: ConformanceTraits, getRig: GetRig<M>): void {
  test('a message that is taken is accepted with a reference, and the peer has it once', async () => {
    const outcome = await sendOnce(getRig());
    expect(outcome).toMatchObject({ kind: 'accepted', providerRef: expect.stringMatching(/./) });
    expect(getRig().countDelivered()).toBe(1);
  });

  test('a refusal for good is refused, after one attempt', async () => {
    expect(await sendTo(getRig(), 'refuses')).toMatchObject({ kind: 'refused', recipientGone: false });
    expect(getRig().countAttempts()).toBe(1);
  });

  test('a recipient that does not exist is told apart', async () => {
    const outcome = await sendTo(getRig(), 'names-recipient-gone');
    expect(outcome).toMatchObject({ kind: 'refused', recipientGone: traits.name !== 'kannel' });
  });

  test('a peer that asks for less is slow-down, after one attempt', async () => {
    const outcome = await sendTo(getRig(), 'asks-to-slow-down');
    expect(outcome).toMatchObject({
      kind: 'slow-down',
      ...(traits.tellsRetryAfter ? { retryAfterMs: 30_000 } : {}),
    });
    expect(getRig().countAttempts()).toBe(1);
  });

  test('a peer that drops after the whole body leaves the outcome unknown, and nothing is retried', async () => {
    expect(await sendTo(getRig(), 'drops-after-body')).toMatchObject({ kind: 'unknown', phase: 'answer' });
    expect(getRig().countDelivered()).toBe(1);
    expect(getRig().countAttempts()).toBe(1);
  });

  test('a peer that is silent after the whole body leaves the outcome unknown within the time-out', async () => {
    expect(await sendTo(getRig(), 'hangs-after-body')).toMatchObject({ kind: 'unknown', phase: 'answer' });
    expect(getRig().countAttempts()).toBe(1);
  });
}

function describeFence<M extends OutgoingMessage>(getRig: GetRig<M>): void {
  test('a fence that refuses the envelope aborts, and the peer sees no attempt', async () => {
    const outcome = await sendOnce(getRig(), new NotingFence('envelope'));
    expect(outcome.kind).toBe('aborted');
    expect(getRig().countAttempts()).toBe(0);
  });

  test('a fence that refuses the body aborts, and the peer has no message', async () => {
    const outcome = await sendOnce(getRig(), new NotingFence('body'));
    expect(outcome.kind).toBe('aborted');
    await waitFor(
      'connections settled',
      () => getRig().countOpenConnections(),
      (open) => open <= 1,
    );
    expect(getRig().countDelivered()).toBe(0);
  });

  test('the fence is asked once for each step, the envelope first', async () => {
    const fence = new NotingFence();
    await sendOnce(getRig(), fence);
    expect(fence.asked.map(({ step }) => step)).toEqual(['envelope', 'body']);
  });

  test('a stop that came before the send aborts without asking the peer', async () => {
    const fence = new NotingFence();
    fence.stop.abort();
    expect((await sendOnce(getRig(), fence)).kind).toBe('aborted');
    expect(getRig().countAttempts()).toBe(0);
  });

  test('a stop after the body began changes nothing: the attempt ends as the peer answers', async () => {
    getRig().behave('hangs-after-body');
    const fence = new NotingFence();
    const sending = sendOnce(getRig(), fence);
    await waitFor(
      'message arrived',
      () => getRig().countDelivered(),
      (delivered) => delivered === 1,
    );
    fence.stop.abort();
    expect((await sending).kind).toBe('unknown');
  });
}

function describeAfterwards<M extends OutgoingMessage>(getRig: GetRig<M>): void {
  test('a lease after a failure works again: one bad attempt does not spoil the next', async () => {
    await sendTo(getRig(), 'drops-after-body');
    expect(await sendTo(getRig(), 'refuses')).toMatchObject({ kind: 'refused' });
    expect(await sendTo(getRig(), 'accepts')).toMatchObject({ kind: 'accepted' });
  });

  test('after an aborted attempt the next lease sends', async () => {
    await sendOnce(getRig(), new NotingFence('body'));
    expect((await sendOnce(getRig())).kind).toBe('accepted');
    expect(getRig().countDelivered()).toBe(1);
  });
}

function describeLeases<M extends OutgoingMessage>(traits: ConformanceTraits, getRig: GetRig<M>): void {
  const never = new AbortController().signal;

  test('there are never more leases than connections, and the next waits for a release', async () => {
    const { provider } = getRig();
    const leases = await Promise.all(
      Array.from({ length: traits.connectionsMax }, () => provider.reserve(never)),
    );
    let isServed = false;
    const next = provider.reserve(never).then((lease) => {
      isServed = true;
      return lease;
    });
    await waitFor(
      'all connected',
      () => getRig().countOpenConnections(),
      (open) => open === traits.connectionsMax,
    );
    expect(isServed).toBe(false);
    leases[0]?.release();
    (await next).release();
    for (const lease of leases) lease.release();
    expect(getRig().countOpenConnections()).toBe(traits.connectionsMax);
  });

  test('a reservation in the queue obeys its signal and frees nothing of others', async () => {
    const { provider } = getRig();
    const leases = await Promise.all(
      Array.from({ length: traits.connectionsMax }, () => provider.reserve(never)),
    );
    const giveUp = new AbortController();
    const waiting = provider.reserve(giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toBeInstanceOf(ProviderUnavailable);
    for (const lease of leases) lease.release();
    expect((await sendOnce(getRig())).kind).toBe('accepted');
  });

  test('many sends share the connections and each message arrives once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => sendOnce(getRig())));
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 20 }, () => 'accepted'));
    expect(getRig().countDelivered()).toBe(20);
    expect(getRig().countOpenConnections()).toBeLessThanOrEqual(traits.connectionsMax);
  });
}

function describeConnections<M extends OutgoingMessage>(getRig: GetRig<M>): void {
  const never = new AbortController().signal;

  test('a lease sends once: a second send writes nothing', async () => {
    const lease = await getRig().provider.reserve(never);
    await lease.send(getRig().message(), new NotingFence());
    expect(await lease.send(getRig().message(), new NotingFence())).toMatchObject({ kind: 'not-sent' });
    lease.release();
    expect(getRig().countDelivered()).toBe(1);
  });

  test('a connection that died while idle is replaced before the lease is handed out', async () => {
    await sendOnce(getRig());
    getRig().dropConnections();
    await waitFor(
      'dropped',
      () => getRig().countOpenConnections(),
      (open) => open === 0,
    );
    expect((await sendOnce(getRig())).kind).toBe('accepted');
  });

  test('a peer that refuses connections makes reserve reject: nothing was sent', async () => {
    await getRig().stopPeer();
    await expect(getRig().provider.reserve(never)).rejects.toMatchObject({ code: 'connect-failed' });
  });
}

function describeHealthAndClose<M extends OutgoingMessage>(getRig: GetRig<M>): void {
  const never = new AbortController().signal;

  test('health is ok without an attempt', async () => {
    const health = await getRig().provider.checkHealth(never);
    expect(health).toMatchObject({ ok: true, status: 'ok', provider: getRig().provider.name });
    expect(getRig().countAttempts()).toBe(0);
  });

  test('health tells rejected credentials from an outage', async () => {
    getRig().behave('rejects-credentials');
    expect(await getRig().provider.checkHealth(never)).toMatchObject({ ok: false, status: 'unauthorized' });
    await getRig().stopPeer();
    expect(await getRig().provider.checkHealth(never)).toMatchObject({ ok: false, status: 'unreachable' });
  });

  test('rejected credentials never kill a message', async () => {
    getRig().behave('rejects-credentials');
    const code = await sendOnce(getRig()).then(
      (outcome) => (outcome.kind === 'account-fault' ? outcome.code : outcome.kind),
      (error: unknown) => (error instanceof ProviderUnavailable ? error.code : error),
    );
    expect(code).toBe('unauthorized');
  });

  test('close waits for an attempt under way, no longer than its deadline, and refuses new leases', async () => {
    getRig().behave('hangs-after-body');
    const sending = sendOnce(getRig());
    await waitFor(
      'message arrived',
      () => getRig().countDelivered(),
      (delivered) => delivered === 1,
    );
    await getRig().provider.close(20);
    expect((await sending).kind).toBe('unknown');
    await expect(getRig().provider.reserve(never)).rejects.toMatchObject({ code: 'closed' });
    await waitFor(
      'closed',
      () => getRig().countOpenConnections(),
      (open) => open === 0,
    );
  });

  test('close lets an attempt finish within its deadline', async () => {
    const lease = await getRig().provider.reserve(never);
    const closing = getRig().provider.close(5000);
    const outcome = await lease.send(getRig().message(), new NotingFence());
    lease.release();
    await closing;
    expect(outcome.kind).toBe('accepted');
  });
}

async function sendTo<M extends OutgoingMessage>(
  rig: ProviderRig<M>,
  behaviour: PeerBehaviour,
): Promise<AttemptOutcome> {
  rig.behave(behaviour);
  return sendOnce(rig);
}

/** Reserve, send, release: the way of every attempt. */
async function sendOnce<M extends OutgoingMessage>(
  rig: ProviderRig<M>,
  fence: NotingFence = new NotingFence(),
): Promise<AttemptOutcome> {
  const lease = await rig.provider.reserve(new AbortController().signal);
  try {
    return await lease.send(rig.message(), fence);
  } finally {
    lease.release();
  }
}

/** For protocols with a dialogue before the message leaves; the others have nothing to try here. */
function describeDialogue<M extends OutgoingMessage>(getRig: GetRig<M>): void {
  test('a peer that drops before the body has no message: not sent', async () => {
    expect(await sendTo(getRig(), 'drops-before-body')).toMatchObject({ kind: 'not-sent' });
    expect(getRig().countDelivered()).toBe(0);
    expect(getRig().countAttempts()).toBe(1);
  });

  test('a peer that is silent before the body has no message: not sent, in time', async () => {
    expect(await sendTo(getRig(), 'hangs-before-body')).toMatchObject({ kind: 'not-sent' });
    expect(getRig().countDelivered()).toBe(0);
  });

  test('a stop during the envelope aborts at once, and no message leaves', async () => {
    getRig().behave('hangs-before-body');
    const fence = new NotingFence();
    const sending = sendOnce(getRig(), fence);
    await waitFor(
      'attempt begun',
      () => getRig().countAttempts(),
      (attempts) => attempts === 1,
    );
    fence.stop.abort();
    expect((await sending).kind).toBe('aborted');
    expect(getRig().countDelivered()).toBe(0);
  });
}
