import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Directory } from './directory.ts';
import { createFileDirectory } from './directory-file.ts';

const patience = new AbortController().signal;

let folder: string;
let file: string;
let directory: Directory;
let writes = 0;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'people-'));
  file = path.join(folder, 'people.json');
  directory = createFileDirectory({ path: file, idField: 'student_id' });
});
afterEach(() => rm(folder, { recursive: true }));

async function write(content: unknown): Promise<void> {
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  // Two writes within one tick of a coarse file clock are still two.
  writes += 1;
  await utimes(file, 1_700_000_000 + writes, 1_700_000_000 + writes);
}

const lookUp = async (id: string) => directory.lookUpRecipient(id, patience);

describe('createFileDirectory', () => {
  test('finds people by id, and says so when somebody is not there', async () => {
    await write([{ student_id: 's1', first_name: 'Jo', email: 'jo@example.com' }, { student_id: 's2' }]);
    expect(await lookUp('s1')).toEqual({
      kind: 'found',
      recipient: { id: 's1', name: 'Jo', email: 'jo@example.com', locale: 'en', timeZone: 'UTC' },
    });
    expect(await lookUp('s3')).toEqual({ kind: 'not-found' });
  });

  test('reads the file again once it has changed', async () => {
    await write([{ student_id: 's1', phone: '+15555550123' }]);
    expect(await lookUp('s1')).toMatchObject({ recipient: { phone: '+15555550123' } });
    await write([{ student_id: 's1', phone: '+15555550199' }]);
    expect(await lookUp('s1')).toMatchObject({ recipient: { phone: '+15555550199' } });
  });

  test('a bad address refuses its person and no other', async () => {
    await write([
      { student_id: 's1', phone: '0555' },
      { student_id: 's2', phone: '+15555550123' },
    ]);
    expect(await lookUp('s1')).toMatchObject({ kind: 'refused', detail: expect.stringContaining('phone') });
    expect(await lookUp('s2')).toMatchObject({ kind: 'found' });
  });

  test.each([
    ['text that is not JSON', '[{', 'is not JSON'],
    ['one person in place of a list', { student_id: 's1' }, 'is wrong at /'],
    [
      'a person without an id',
      [{ student_id: 's1' }, { email: 'jo@example.com' }],
      'is wrong at /1/student_id',
    ],
    ['the same id twice', [{ student_id: 's1' }, { student_id: 's1' }], 'a student_id is there twice'],
  ])('%s is unreachable, naming file, place and repair', async (_what, content, words) => {
    await write(content);
    const result = await lookUp('s1');
    expect(result).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining(`the people file ${file}`),
    });
    expect(result).toMatchObject({ detail: expect.stringContaining(words) });
    expect(result).toMatchObject({ detail: expect.stringContaining('must be a JSON array') });
  });

  test('a missing file is unreachable until it is there', async () => {
    expect(await lookUp('s1')).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('ENOENT'),
    });
    await write([{ student_id: 's1' }]);
    expect(await lookUp('s1')).toMatchObject({ kind: 'found' });
  });
});

test('the id is read from the field that it is set to stand in, and errors name that field', async () => {
  directory = createFileDirectory({ path: file, idField: 'applicant_ref' });
  await write([{ applicant_ref: 'a1', email: 'jo@example.com' }]);
  expect(await lookUp('a1')).toMatchObject({ kind: 'found', recipient: { id: 'a1' } });
  await write([{ applicant_ref: 'a1' }, { student_id: 's1' }]);
  expect(await lookUp('a1')).toMatchObject({
    detail: expect.stringContaining('is wrong at /1/applicant_ref: '),
  });
  await write([{ applicant_ref: 'a1' }, { applicant_ref: 'a1' }]);
  expect(await lookUp('a1')).toMatchObject({
    detail: expect.stringMatching(/a applicant_ref .*"applicant_ref": "s1"/),
  });
});
