import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttemptLine } from '../observe/log.ts';
import { createEmailComposer } from './email/compose-email.ts';
import type { OutgoingMessage } from './provider.ts';

/** What a rehearsal leaves in `send_log.jsonl`, beside the draft itself. */
export interface RehearsalLine
  extends Pick<AttemptLine, 'message_id' | 'event_id' | 'type' | 'channel' | 'to' | 'to_hash'> {
  readonly at: string;
  /** What a real send would have met: `would-send`, or the limit that stood in its way. */
  readonly would: string;
  readonly template_version: string;
  readonly segments?: number;
}

export interface Outbox {
  /** Writes the draft whole or not at all; the same message written twice leaves one file. Returns its path. */
  writeDraft(message: OutgoingMessage, line: RehearsalLine): Promise<string>;
}

/** Where rehearsals land: an `.eml` or `.txt` file for each message, and a log of them. */
export function createOutbox(dir: string): Outbox {
  const composeEmail = createEmailComposer({});
  const toFile = async (message: OutgoingMessage): Promise<{ extension: string; bytes: Buffer | string }> => {
    switch (message.channel) {
      case 'email': {
        const composed = await composeEmail(message);
        if (!composed.ok) throw new Error(`the draft could not be composed: ${composed.detail}`);
        return { extension: 'eml', bytes: composed.raw };
      }
      case 'sms':
        return { extension: 'txt', bytes: `From: ${message.from}\nTo: ${message.to}\n\n${message.body}\n` };
      default:
        return message satisfies never;
    }
  };
  return {
    writeDraft: async (message, line) => {
      const { extension, bytes } = await toFile(message);
      const name = `${message.id}.${extension}`;
      const file = join(dir, name);
      await mkdir(dir, { recursive: true });
      await writeFile(`${file}.tmp`, bytes);
      await rename(`${file}.tmp`, file);
      await appendFile(join(dir, 'send_log.jsonl'), `${JSON.stringify({ ...line, file: name })}\n`);
      return file;
    },
  };
}
