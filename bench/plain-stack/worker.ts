/** The plain stack's worker: take a job, render, hand it to the pool. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { MailEvent } from './api.ts';
import { openPool } from './mail-pool.ts';
import { createMailRenderer } from './render-mail.ts';
import { mailQueue, readSetting } from './settings.ts';

const concurrency = Number(readSetting('CONCURRENCY'));
const pool = openPool(concurrency);
const renderMail = createMailRenderer(readSetting('TEMPLATES_DIR'));

const worker = new Worker<MailEvent>(
  mailQueue,
  async ({ data: { recipient, data } }) => {
    await pool.sendMail({ to: recipient.email, ...renderMail({ ...data, student_name: recipient.name }) });
  },
  { connection: new Redis(readSetting('REDIS_URL'), { maxRetriesPerRequest: null }), concurrency },
);
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
console.log('ready');
