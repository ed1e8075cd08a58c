import { isKannelPing, kannelReplies } from '../support/kannel-replies.ts';
import { type HttpStep, type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { type ReceivedMessage, type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';

/** Providers that count: two for email, one for texts. */
export interface Providers {
  readonly mail: readonly [ScriptedSmtp, ScriptedSmtp];
  /** The reply to texts from now on; acceptance without one. */
  answerTexts(step?: HttpStep): void;
  readonly environment: Readonly<Record<string, string>>;
  /** Of both mail providers, whatever they replied. */
  listMails(): readonly ReceivedMessage[];
  readonly texts: readonly ReceivedText[];
  /** When the first byte of any message arrived, ms of `performance.now()`. */
  listBeginnings(): readonly number[];
  /** When a whole message came for each address and number, ms of `performance.now()`. */
  listCopies(): ReadonlyMap<string, readonly number[]>;
  close(): Promise<void>;
}

export interface ReceivedText {
  readonly to: string;
  /** The gateway did not refuse it: it may be on its way, whatever became of the reply. */
  readonly taken: boolean;
  readonly atMs: number;
}

export async function startProviders(): Promise<Providers> {
  const mail = [await startScriptedSmtp(), await startScriptedSmtp()] as const;
  const texts: ReceivedText[] = [];
  let script: HttpStep = kannelReplies.accepted;
  const gateway: ScriptedHttp = await startScriptedHttp((request) => {
    if (isKannelPing(request)) return kannelReplies.missingReceiver;
    const taken = typeof script === 'string' || ![403, 503].includes(script.status);
    texts.push({ to: request.url.searchParams.get('to') ?? '', taken, atMs: performance.now() });
    return script;
  });
  const [first, second] = mail;
  const listMails = (): ReceivedMessage[] => mail.flatMap(({ messages }) => messages);
  return {
    mail,
    listMails,
    texts,
    answerTexts: (step = kannelReplies.accepted) => {
      script = step;
    },
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${first.port}`,
      SMTP_FALLBACK_URL: `smtp://127.0.0.1:${second.port}`,
      KANNEL_URL: new URL('cgi-bin/sendsms', gateway.baseUrl).href,
      KANNEL_USERNAME: 'storm',
      KANNEL_PASSWORD: 'storm',
    },
    listBeginnings: () => [
      ...mail.flatMap(({ bodiesBegunAtMs }) => bodiesBegunAtMs),
      ...texts.map(({ atMs }) => atMs),
    ],
    listCopies: () => {
      const copies = new Map<string, number[]>();
      const mails = listMails().map(({ to: [to = ''], atMs }) => ({ to, atMs }));
      for (const { to, atMs } of [...mails, ...texts.filter(({ taken }) => taken)])
        copies.set(to, [...(copies.get(to) ?? []), atMs]);
      return copies;
    },
    close: async () => {
      await Promise.all([first.close(), second.close(), gateway.close()]);
    },
  };
}
