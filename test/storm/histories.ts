import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEventId, parseMessageId } from '../../src/domain/ids.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { readMessageRecord } from '../../src/store/message-record.ts';
import type { Service } from '../support/service.ts';

const namedMax = 10;
const linesMax = 40;

/** What the store and the logs hold about each message and event named in the sentences; the first ten only. */
export async function describeHistories(
  service: Service,
  sentences: readonly string[],
  logDir: string,
): Promise<readonly string[]> {
  const ids = new Set(sentences.flatMap((sentence) => sentence.match(/\b(msg|evt)_[0-9a-z]+/g) ?? []));
  const logs = await readLogs(logDir);
  return await Promise.all(
    [...ids].slice(0, namedMax).map(async (id) => {
      const lines = logs.filter((line) => line.includes(id)).toSorted(byTime);
      return [id, JSON.stringify(await readRecord(service, id)), ...lines.slice(0, linesMax)].join('\n    ');
    }),
  );
}

async function readRecord({ redis, keys }: Service, text: string): Promise<unknown> {
  const [messageId, eventId] = [parseMessageId(text), parseEventId(text)];
  if (messageId !== undefined) return await readMessageRecord(redis, keys.of(messageId), messageId);
  return eventId === undefined ? undefined : await readEventRecord(redis, keys, eventId);
}

async function readLogs(dir: string): Promise<readonly string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
  return texts.flatMap((text, index) => text.split('\n').map((line) => `${names[index]} ${line}`));
}

function byTime(one: string, other: string): number {
  return timeOf(one).localeCompare(timeOf(other));
}

function timeOf(line: string): string {
  return /"time":"?([^",]+)/.exec(line)?.[1] ?? '';
}
