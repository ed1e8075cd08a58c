import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { SmtpEnd, SmtpFailure } from './send-over-smtp.ts';

/** What a negative reply concerns. What follows is decided by this, and not by the number alone. */
export type ReplyConcern =
  /** The address does not exist, or never takes mail again: it is suppressed. */
  | 'recipient-gone'
  /** This recipient alone, for now or for good: full, busy, greylisted, refused by a policy of theirs. */
  | 'recipient'
  /** This message alone: its size, its content. */
  | 'message'
  /** Us as a sender in somebody's eyes: reputation, SPF, DKIM, DMARC, a sender that could not be verified. */
  | 'sender'
  /** Our account or its settings at this provider: login, quota, payment, suspension, what it may send as. */
  | 'account'
  /** The provider as a whole. */
  | 'provider';

export interface SmtpReply {
  readonly status: number;
  /** RFC 3463, for example `5.1.1`; empty when there is none. */
  readonly enhanced: string;
  /** All lines, without their codes. */
  readonly text: string;
}

interface Rule {
  readonly concern: ReplyConcern;
  readonly words?: RegExp;
  /** The beginning of the enhanced code. */
  readonly enhanced?: RegExp;
  readonly status?: readonly number[];
  /** Only as a reply to this command. */
  readonly command?: 'RCPT TO';
}

/**
 * The first that fits decides; each of its conditions must. Account and sender come before the recipient: their texts
 * come with the codes of unknown users (`550-Verification failed for <our sender> … User unknown`), and whoever is
 * suppressed by mistake gets nothing any more. `test/fixtures/smtp-replies.tsv` has the replies that these were made for.
 */
const rules: readonly Rule[] = [
  // Groups that take mail of their own people only; not our login, whatever the words.
  { concern: 'recipient', enhanced: /^5\.7\.(?:124|133|134|135|136)$/ },
  {
    concern: 'recipient',
    words: /gr[ae]y-?list|receiving mail (?:at a rate|too quickly)|recipient.{0,30}unverified address/i,
  },
  {
    concern: 'message',
    words: /message size|size (?:limit|exceeds)|too (?:big|large)\b|for policy reasons/i,
  },
  { concern: 'account', status: [530, 534, 535, 538] },
  { concern: 'account', enhanced: /^[45]\.7\.(?:8|9|11|12|13|14|57|64|501|502|503|708|750)$/ },
  {
    concern: 'account',
    words:
      /\b(?:daily|hourly|monthly|sending|message|send)\b.{0,25}\b(?:quota|limit|allowance)\b|quota.{0,20}(?:messages|sending)|sending.{0,30}\b(?:paused|disabled|suspended|blocked|stopped)|\b(?:account|subscription|customer|user|service)\b.{0,30}\b(?:disabled|suspended|paused|blocked|deactivated|locked|terminated|under review|inactive|expired)\b.{0,40}\b(?:send|submi|billing|payment|abuse|contact|review)|(?:disabled|suspended|blocked|banned|not (?:allowed|authori[sz]ed|permitted)|unable) (?:from|for|to) send|sending account|billing|payment|insufficient credit|out of credits?|maximum credits? exceeded|not verified|unverified (?:sender|domain)|sandbox|relay(?:ing)?\b.{0,20}\b(?:denied|not permitted|prohibited|not allowed)|(?:unable|not permitted|cannot) to relay|authentication (?:is )?required|not authenticated|client (?:does not have|was not authenticated|not authori[sz]ed)|send ?as ?denied|does ?n[o']t match a verified|not (?:owned|allowed) (?:by|for) (?:user|this user|your account)/i,
  },
  {
    concern: 'sender',
    words:
      /sender (?:verif|callout|address|domain|denied|rejected|unknown|blocked|not )|verification failed|verify failed|unknown sender|(?:mail|envelope) ?from|return[- ]path|\b(?:spf|dkim|dmarc|arc)\b|unauthenticated|reverse dns|\bptr\b|reputation|black ?-?list|block ?-?list|\b(?:rbl|dnsbl|spamhaus|barracuda|spamcop|sorbs|senderscore|proofpoint|cloudmark)\b|listed (?:by|at|in|on)|blocked using|(?:your|this|client|sending|connecting|from) (?:ip|host|server|network|domain)\b.{0,60}\b(?:block|ban|reject|denied|reputation|listed|temporarily)|(?:ip|host)\b.{0,20}(?:is )?(?:blocked|banned)|(?:blocked|banned) (?:sending )?ip|unsolicited.{0,60}(?:from your|originating)|complaints|s3140|s3150|tss0\d|tsu0\d/i,
  },
  {
    concern: 'sender',
    enhanced: /^[45]\.(?:1\.(?:7|8)|7\.(?:20|21|22|23|24|25|26|27|29|30|31|32|40|60|509|511|512|515))$/,
  },
  { concern: 'provider', status: [421] },
  {
    concern: 'recipient',
    words:
      /(?:mailbox|inbox|user|account|recipient)\b.{0,30}\b(?:full|over ?quota|exceed|storage|busy)|over ?quota|quota exceeded|out of storage/i,
  },
  {
    concern: 'message',
    words:
      /message (?:size|too (?:big|large)|length)|\bsize (?:limit|exceeds)|too large|\bspam\b|virus|malware|content|attachment|prohibited|policy reasons.{0,30}message|bare <?lf|invalid header|header/i,
  },
  { concern: 'message', enhanced: /^[45]\.(?:3\.4|2\.3|6\.\d+)$/ },
  { concern: 'recipient-gone', command: 'RCPT TO', enhanced: /^5\.(?:1\.(?:1|2|3|6|10)|2\.1)$/ },
  {
    concern: 'recipient-gone',
    command: 'RCPT TO',
    enhanced: /^$/,
    status: [550, 551, 553],
    words:
      /(?:user|mailbox|recipient|address|account)\b.{0,40}\b(?:unknown|not found|does ?n[o']t exist|unavailable|disabled|invalid)|no such (?:user|mailbox|recipient|address|person)|(?:unknown|invalid) (?:user|mailbox|recipient|address)|no mailbox here/i,
  },
  // Limits on our account as a whole, or problems of the server itself, reported at the first recipient that it looks up.
  {
    concern: 'provider',
    command: 'RCPT TO',
    words:
      /throttl|rate limit|(?:sending|send|message|connection) rate|too many (?:messages|connections|recipients (?:received|from))|try again slower|slow down|server busy|service (?:temporarily |currently )?unavailable|overload|local (?:error|problem)|lookup failure|server configuration/i,
  },
  { concern: 'provider', command: 'RCPT TO', enhanced: /^4\.3\./ },
  { concern: 'recipient', command: 'RCPT TO' },
  {
    concern: 'provider',
    words:
      /throttl|\brate\b|too many|try again slower|server busy|resources|overload|timeout|local (?:error|problem)|lookup failure/i,
  },
  { concern: 'provider', enhanced: /^4\./ },
  { concern: 'message', enhanced: /^5\./ },
];

/** What a negative reply to `command` concerns. Text beyond a thousand characters is not looked at. */
export function findConcern(reply: SmtpReply, command: string | undefined): ReplyConcern {
  const text = reply.text.slice(0, 1_000).replaceAll(/\s+/g, ' ');
  const rule = rules.find((one) => fits(one, { ...reply, text }, command));
  return rule?.concern ?? (reply.status < 500 ? 'provider' : 'message');
}

function fits(rule: Rule, { status, enhanced, text }: SmtpReply, command: string | undefined): boolean {
  if (rule.command !== undefined && rule.command !== command) return false;
  if (rule.status?.includes(status) === false) return false;
  return rule.enhanced?.test(enhanced) !== false && rule.words?.test(text) !== false;
}

/**
 * Judges an SMTP transaction by phase and by the server's reply, never by the library's error code; a reply is judged
 * first by what it concerns (`findConcern`). A 4xx or 5xx is a definite "not taken" in every phase, also after the final dot (RFC 5321 §4.2.5); silence is definite
 * only before the body. `messageId` is used when the server names no queue id.
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
      const reply = parseReply(end.failure.reply);
      if (reply !== undefined) return judgeReply(reply, end.failure.reply ?? '', end.failure);
      const detail = cleanReply(end.failure.message);
      return end.phase === 'body' || end.phase === 'answer'
        ? { kind: 'unknown', phase: end.phase, detail }
        : { kind: 'not-sent', code: 'connection-lost', detail };
    }
  }
}

/** A negative reply; anything else (2xx, 3xx, noise) says nothing about the message. */
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

function judgeReply(reply: SmtpReply, given: string, { command }: SmtpFailure): AttemptOutcome {
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
