import { describe, expect, test } from 'vitest';
import { makeOptions, plainParts, type Sources } from '../../test/support/note-template.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { createRenderer } from './create-renderer.ts';

const parts = { ...plainParts, sms: 'Hi {{name}}, {{note}}' };
const sample = { name: 'Jo', note: 'see you' };
const renderer = createRenderer(withSample(parts, sample));

function withSample(sources: Sources, data: Readonly<Record<string, unknown>>) {
  const options = makeOptions(sources);
  const templates = options.templates.map((template) => ({
    ...template,
    samples: template.samples.map((one) => ({ ...one, data })),
  }));
  return { ...options, templates };
}

function check(change: Record<string, unknown>) {
  const event = { type: 'note', data: sample, ...change } as unknown as IncomingEvent;
  return renderer.checkDrafts(event);
}

const tooLong = 'a'.repeat(200);

describe('what would keep a draft from being rendered', () => {
  test('nothing, of usual data', () => {
    expect(check({})).toEqual({ data: [] });
  });

  test.each([
    ['a field that cannot be printed', { name: 'https://evil.test/x', note: 'n' }, '/name', /not allowed/],
    [
      'a text that is too long, by its longest field',
      { name: 'Jo', note: tooLong },
      '/note',
      /2 segments.*in en/,
    ],
    ['letters that cost more', { name: 'Jo', note: 'ж'.repeat(80) }, '/note', /letters: ж\)/],
  ])('%s', (_what, data, pointer, detail) => {
    const { data: errors } = check({ data });
    expect(errors).toEqual([expect.objectContaining({ pointer, detail: expect.stringMatching(detail) })]);
  });

  test.each([
    ['not asked for', { channels: ['email'] }],
    ['without an address', { recipient: { email: 'jo@example.com' } }],
  ])('of a text message only where one may go out: %s', (_what, change) => {
    const data = { name: 'Jo', note: tooLong };
    expect(check({ data, ...change })).toEqual({ data: [] });
    expect(check({ data, recipient: { email: 'jo@example.com', phone: '+15555550123' } }).data).toHaveLength(
      1,
    );
  });

  test('a name of the recipient that nobody would send', () => {
    expect(check({ recipient: { email: 'jo@example.com', name: 'see https://evil.test/x' } })).toEqual({
      data: [],
      recipientName: expect.stringMatching(/link/),
    });
  });
});

describe('in the languages that it may go out in', () => {
  const long = 'Bonjour {{name}}, {{note}} '.padEnd(140, 'o');
  const bilingual = createRenderer(withSample({ ...parts, 'fr/sms': long }, sample));
  const checkIn = (locale: string | undefined) =>
    bilingual.checkDrafts({
      type: 'note',
      data: { name: 'Jo', note: 'a'.repeat(60) },
      recipient: { phone: '+15555550123', locale },
    } as unknown as IncomingEvent).data;

  test.each([
    ['en-GB', []],
    ['de', []],
    ['fr-CA', [expect.objectContaining({ pointer: '/note', detail: expect.stringMatching(/in fr/) })]],
    [undefined, [expect.objectContaining({ pointer: '/note', detail: expect.stringMatching(/in fr/) })]],
  ])('%s', (locale, errors) => {
    expect(checkIn(locale)).toEqual(errors);
  });
});

test('the name that a directory will give is not known: room is kept for one', () => {
  const named = (sms: string) =>
    createRenderer(withSample({ ...parts, sms }, sample)).checkDrafts({
      type: 'note',
      data: { name: 'Jo', note: 'n' },
    }).data;
  expect(named('Hi {{name}}, {{note}}')).toEqual([]);
  expect(named('Hi {{#if @recipient.name}}{{@recipient.name}}{{/if}}, {{name}} {{note}}')).toHaveLength(1);
});
