import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { SmtpEnd, SmtpFault } from './send-over-smtp.ts';

/**
 * Judges an SMTP transaction by phase and by the server's reply, never by the library's error code. A 4xx or
 * 5xx is a definite "not taken" in every phase, also after the final dot (RFC 5321 §4.2.5); silence is definite
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
      if (reply !== undefined) return judgeReply(reply, end.fault);
      const detail = cleanReply(end.fault.message);
      return end.phase === 'body' || end.phase === 'answer'
        ? { kind: 'unknown', phase: end.phase, detail }
        : { kind: 'not-sent', code: 'connection-lost', detail };
    }
  }
}

interface SmtpReply {
  readonly status: number;
  /** RFC 3463, for example `5.1.1`. */
  readonly enhanced: string;
  readonly text: string;
}

/** A negative reply; anything else (2xx, 3xx, noise) is no answer to go by. */
function parseReply(text: string | undefined): SmtpReply | undefined {
  const match = /^([45]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(text ?? '');
  if (match === null || text === undefined) return undefined;
  return { status: Number(match[1]), enhanced: match[2] ?? '', text };
}

/** 503: the session is confused, not the message. 530-538: our credentials, which must not kill messages. */
const sessionFaults: Readonly<Record<number, string>> = {
  503: 'bad-sequence',
  530: 'unauthorized',
  534: 'unauthorized',
  535: 'unauthorized',
  538: 'unauthorized',
};

function judgeReply(reply: SmtpReply, fault: SmtpFault): AttemptOutcome {
  const code = reply.enhanced === '' ? String(reply.status) : `${reply.status} ${reply.enhanced}`;
  const detail = cleanReply(reply.text);
  const sessionFault = sessionFaults[reply.status];
  if (sessionFault !== undefined) return { kind: 'not-sent', code: sessionFault, detail };
  if (reply.status >= 500)
    return { kind: 'refused', code, detail, recipientGone: isRecipientGone(reply, fault) };
  return isThrottling(reply) ? { kind: 'slow-down', code, detail } : { kind: 'not-sent', code, detail };
}

/** RFC 3463 X.1.1 bad mailbox, X.1.2 bad domain, X.1.6 moved, X.1.10 null MX (RFC 7505), X.2.1 disabled. */
const goneCodes = new Set(['5.1.1', '5.1.2', '5.1.6', '5.1.10', '5.2.1']);
const goneWords =
  /(?:user|mailbox|recipient|address|account)\b.{0,40}\b(?:unknown|not found|does ?n[o']t exist|unavailable|disabled)|no such (?:user|mailbox|recipient|address)|(?:unknown|invalid) (?:user|mailbox|recipient)/i;

function isRecipientGone(reply: SmtpReply, fault: SmtpFault): boolean {
  if (fault.command !== 'RCPT TO') return false;
  if (reply.enhanced !== '') return goneCodes.has(reply.enhanced);
  return [550, 551, 553].includes(reply.status) && goneWords.test(reply.text);
}

/** Greylisting (also 4.7.x) concerns one recipient; all other X.7 delays and rates concern us as a sender. */
function isThrottling(reply: SmtpReply): boolean {
  if (reply.status === 421) return true;
  if (/gr[ae]y-?list/i.test(reply.text)) return false;
  return reply.enhanced.startsWith('4.7.') || /throttl|\brate\b|too many|try again slower/i.test(reply.text);
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
