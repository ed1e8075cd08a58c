/** No HTTP, no checks: `addBulk` alone. What batch intake is held against. `POST /<batches>/<size>/<in flight>` adds. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { MailEvent } from './api.ts';
import { mailQueue, readSetting } from './settings.ts';

const queue = new Queue<MailEvent>(mailQueue, {
  connection: new Redis(readSetting('REDIS_URL'), { maxRetriesPerRequest: null }),
});

async function addBatches(batches: number, size: number, inFlight: number): Promise<void> {
  let begun = 0;
  const addNext = async (): Promise<void> => {
    while (begun < batches) {
      begun += 1;
      await queue.addBulk(Array.from({ length: size }, makeJob));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, addNext));
}

function makeJob(): { name: string; data: MailEvent; opts: { jobId: string } } {
  const id = randomUUID();
  const recipient = { email: `${id}@example.com`, name: 'Ada', locale: 'en', time_zone: 'UTC' };
  const data = { student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };
  return {
    name: 'new_match_found',
    data: { idempotency_key: id, type: 'new_match_found', recipient, data },
    opts: { jobId: id },
  };
}

const server = createServer((request, response) => {
  const [, batches = 0, size = 0, inFlight = 0] = (request.url ?? '').split('/').map(Number);
  addBatches(batches, size, inFlight).then(
    () => response.writeHead(204).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
await queue.waitUntilReady();
server.listen(Number(readSetting('PORT')), '127.0.0.1', () => console.log('ready'));
