import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decideOutcome } from '../../domain/decide-outcome.ts';
import { closedBreaker, recordOutcome } from '../circuit-breaker.ts';
import { classifySmtpEnd, findConcern } from './judge-smtp-reply.ts';

interface Row {
  readonly source: string;
  readonly command: string;
  readonly concern: string;
  readonly follows: string;
  readonly reply: string;
}

const rows = readFileSync('test/fixtures/smtp-replies.tsv', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Row => {
    const [source = '', command = '', concern = '', follows = '', reply = ''] = line.split('\t');
    return { source, command, concern, follows, reply: reply.replaceAll('\\n', '\n') };
  });

function judge({ command, reply }: Pick<Row, 'command' | 'reply'>) {
  const failure = { message: 'x', command, reply };
  return classifySmtpEnd({ kind: 'failed', phase: 'envelope', failure }, '<id@example.com>');
}

function parse(reply: string) {
  const [, status, enhanced = ''] = /^(\d{3})[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return { status: Number(status), enhanced, text: reply.replaceAll(/^\d{3}[ -]/gm, '') };
}

test('the table is long enough to mean something', () => {
  expect(rows.length).toBeGreaterThanOrEqual(80);
  expect(new Set(rows.map(({ concern }) => concern)).size).toBe(6);
});

test.each(rows)('$source to $command: $reply', ({ command, reply, concern, follows }) => {
  expect(findConcern(parse(reply), command)).toBe(concern);
  const outcome = judge({ command, reply });
  expect(outcome.kind === 'refused' && outcome.recipientGone ? 'gone' : outcome.kind).toBe(follows);
});

test('nothing that concerns our account ever ends a message, however often it happens', () => {
  const policy = {
    retriesEnabled: false,
    attemptsMax: 1,
    backOff: { baseMs: 1, capMs: 1 },
    horizonMs: 1,
    onUnknown: 'ask',
  } as const;
  const facts = { attempt: 99, sinceFirstAttemptMs: 1e9, resends: 1, anotherReady: false, random: 0.5 };
  const ours = rows.filter(({ concern }) => concern === 'account');
  expect(ours.length).toBeGreaterThan(25);
  for (const row of ours)
    expect(decideOutcome(judge(row), policy, facts)).toMatchObject({ to: 'retrying', isUncounted: true });
});

test('nothing that concerns one recipient or one message keeps the provider from the others, however often it happens', () => {
  const options = {
    failuresInRowMax: 2,
    failureShareMax: 0.1,
    samplesMax: 10,
    openMs: 1_000,
    probeMs: 1_000,
  };
  const alone = rows.filter(({ concern }) => ['recipient', 'recipient-gone', 'message'].includes(concern));
  expect(alone.length).toBeGreaterThan(30);
  let breaker = closedBreaker;
  for (const row of alone) breaker = recordOutcome(breaker, options, judge(row).kind, 0);
  expect(breaker.kind).toBe('closed');
  expect(alone.map((row) => judge(row).kind)).not.toContain('slow-down');
});

test('a hostile reply is judged in bounded time', () => {
  const units = ['sending ', 'account ', 'user ', 'relay ', 'ip ', 'a', ' ', 'mailbox unknown '];
  const began = performance.now();
  for (const unit of units)
    for (const command of ['RCPT TO', 'DATA'])
      findConcern({ status: 550, enhanced: '', text: unit.repeat(100_000) }, command);
  expect(performance.now() - began).toBeLessThan(2_000);
});
