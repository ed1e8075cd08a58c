import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDepths } from '../../src/queue/count-jobs.ts';
import { isKannelPing, kannelReplies } from '../support/kannel-replies.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const waitingMails = 20;
let smtp: ScriptedSmtp;
let gateway: ScriptedHttp;
let service: Service;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  gateway = await startScriptedHttp((request) =>
    isKannelPing(request) ? kannelReplies.missingReceiver : 'hang',
  );
  service = await startService({
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      KANNEL_URL: new URL('cgi-bin/sendsms', gateway.baseUrl).href,
      KANNEL_USERNAME: 'tests',
      KANNEL_PASSWORD: 'tests',
      SMS_FROM: '+15555550100',
      RATE_LIMIT_ENABLED: 'false',
    },
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await gateway?.close();
  await smtp?.close();
});

test('a sender that is asked to end takes up no mail while it waits for a text', async () => {
  const texted = { ...anEvent({ phone: '+15555550123' }), channels: ['sms'] };
  const eventId = await service.post(texted);
  const countTexts = (): number => gateway.requests.filter((request) => !isKannelPing(request)).length;
  await waitFor('the text is under way', countTexts, (count) => count === 1, { deadlineMs: 20_000 });
  const sender = service.processes.get('sender');
  sender?.signal('SIGTERM');
  await waitFor(
    'it is stopping',
    () => sender?.lastLines().some((line) => line.includes('"msg":"stopping"')) ?? false,
    (isStopping) => isStopping,
  );
  for (let count = 0; count < waitingMails; count += 1) await service.post(anEvent());
  const countWaiting = async (): Promise<number> => (await readDepths(service)).email.waiting;
  await waitFor('the mails wait', countWaiting, (count) => count === waitingMails, { deadlineMs: 20_000 });
  gateway.dropAll();
  expect(await sender?.exited).toBe('exit code 0');
  expect(smtp.messages).toEqual([]);
  expect(await countWaiting()).toBe(waitingMails);
  const [text] = await service.waitForMessages(eventId, ['unknown', 'sent', 'dead'], 20_000);
  expect(text).toMatchObject({ state: 'unknown' });
}, 90_000);
