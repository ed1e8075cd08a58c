import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import { findConcern, type SmtpReply } from './judge-smtp-reply.ts';
import type { SmtpEnd, SmtpFault } from './send-over-smtp.ts';

/**
 * Judges an SMTP transaction by phase and by the server's reply, never by the library's error code; a reply is judged
 * first by whom it means (`findConcern`). A 4xx or 5xx is a definite "not taken" in every phase, also after the final dot (RFC 5321 §4.2.5); silence is definite
 * only before the body. `messageId` stands in when the server names no queue id.
 */
export function classifySmtpEnd(end: SmtpEnd, messageId: string): AttemptOutcome {
  switch (end.kind) {
    case 'taken':
      return {
        kind: 'accepted',
        providerRef: queueIdOf(end.reply) ?? messageId,
        detail: cleanReply(end.reply),
      };
    case 'aborted':
      return { kind: 'aborted', detail: end.detail };
    case 'failed': {
      const reply = parseReply(end.fault.reply);
      if (reply !== undefined) return judgeReply(reply, end.fault.reply ?? '', end.fault);
      const detail = cleanReply(end.fault.message);
      return end.phase === 'body' || end.phase === 'answer'
        ? { kind: 'unknown', phase: end.phase, detail }
        : { kind: 'not-sent', code: 'connection-lost', detail };
    }
  }
}

/** A negative reply; anything else (2xx, 3xx, noise) is no answer to go by. */
function parseReply(given: string | undefined): SmtpReply | undefined {
  const match = /^([45]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(given ?? '');
  if (match === null || given === undefined) return undefined;
  const [, status, enhanced = ''] = match;
  return {
    status: Number(status),
    enhanced,
    text: given.replaceAll(/^\d{3}[ -](?:[245]\.\d{1,3}\.\d{1,3} ?)?/gm, ''),
  };
}

function judgeReply(reply: SmtpReply, given: string, { command }: SmtpFault): AttemptOutcome {
  const code = reply.enhanced === '' ? String(reply.status) : `${reply.status} ${reply.enhanced}`;
  const detail = cleanReply(given);
  // The session is confused, not the message.
  if (reply.status === 503) return { kind: 'not-sent', code: 'bad-sequence', detail };
  const concern = findConcern(reply, command);
  const isForGood = reply.status >= 500;
  switch (concern) {
    case 'account':
      return { kind: 'account-fault', code: isLogin(reply) ? 'unauthorized' : code, detail };
    case 'sender':
      return { kind: 'not-sent', code, detail };
    case 'provider':
      return isForGood || !asksForLess(reply)
        ? { kind: 'not-sent', code, detail }
        : { kind: 'slow-down', code, detail };
    case 'recipient-gone':
    case 'recipient':
    case 'message':
      return isForGood && !isBusy(reply)
        ? { kind: 'refused', code, detail, recipientGone: concern === 'recipient-gone' }
        : { kind: 'deferred', code, detail };
    default:
      return concern satisfies never;
  }
}

function isLogin({ status }: SmtpReply): boolean {
  return [530, 534, 535, 538].includes(status);
}

function isBusy({ text }: SmtpReply): boolean {
  return /receiving mail (?:at a rate|too quickly)/i.test(text);
}

function asksForLess({ status, enhanced, text }: SmtpReply): boolean {
  return (
    status === 421 || enhanced.startsWith('4.7.') || /throttl|\brate\b|too many|try again slower/i.test(text)
  );
}

/** Postfix and others say `queued as`, Exim `id=`, SES the id alone. */
const queueIdPatterns = [
  /queued as ([\w.<>@-]{4,120})/i,
  /\bid=([\w.<>@-]{4,120})/i,
  /^250 Ok ([\w-]{16,120})$/i,
];

function queueIdOf(reply: string): string | undefined {
  for (const pattern of queueIdPatterns) {
    const id = pattern.exec(reply)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
