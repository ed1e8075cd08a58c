/** The plain stack's API: check the token, look at the body, put it on the queue, answer 202. */
import { Queue } from 'bullmq';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Redis } from 'ioredis';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { mailQueue, readSetting } from './settings.ts';

const eventSchema = z.object({
  idempotency_key: z.string().min(1),
  type: z.literal('new_match_found'),
  recipient: z.object({ email: z.email(), name: z.string().optional() }),
  data: z.record(z.string(), z.unknown()),
});

export type MailEvent = z.infer<typeof eventSchema>;

const keySet = createRemoteJWKSet(new URL(readSetting('JWKS_URL')));
const expected = { issuer: readSetting('ISSUER'), audience: readSetting('AUDIENCE') };
const queue = new Queue<MailEvent>(mailQueue, {
  connection: new Redis(readSetting('REDIS_URL'), { maxRetriesPerRequest: null }),
  defaultJobOptions: {
    attempts: 5,
    backoff: { type: 'exponential', delay: 1_000 },
    removeOnComplete: 1_000,
    removeOnFail: 5_000,
  },
});

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(requireToken);
app.use(express.json({ limit: '1mb' }));

app.post('/api/events', async (request, response) => {
  const event = eventSchema.parse(request.body);
  const job = await queue.add(event.type, event, { jobId: event.idempotency_key });
  response.status(202).json({ event_id: job.id, status: 'accepted' });
});

app.post('/api/events/batch', async (request, response) => {
  const events = z.array(eventSchema).max(500).parse(request.body);
  const jobs = await queue.addBulk(
    events.map((event) => ({ name: event.type, data: event, opts: { jobId: event.idempotency_key } })),
  );
  response.status(202).json({ results: jobs.map(({ id }) => ({ event_id: id, status: 'accepted' })) });
});

app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const status = error instanceof z.ZodError ? 422 : 500;
  response.status(status).json({ error: error instanceof Error ? error.message : 'unknown' });
});

async function requireToken(request: Request, response: Response, next: NextFunction): Promise<void> {
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  try {
    const { payload } = await jwtVerify(token, keySet, expected);
    if (!String(payload['scope']).split(' ').includes('notify.send')) throw new Error('scope');
  } catch {
    response.status(401).json({ error: 'unauthorized' });
    return;
  }
  next();
}

await queue.waitUntilReady();
app.listen(Number(readSetting('PORT')), '127.0.0.1', () => console.log('ready'));
