import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  endlessValues,
  hostileTexts,
  listPlaces,
  longestValues,
  type Place,
  writeAt,
} from '../../test/support/hostile-values.ts';
import { grownBytesMax, loopHeldMsMax, measureHeld, measureWorkMs } from '../../test/support/measure-work.ts';
import type { Schema } from '../../test/support/schema-arbitrary.ts';
import { ServiceError } from '../domain/errors.ts';
import { checkEvent, type EventCatalog } from '../ingest/check-event.ts';
import { parseBatch, parseEvent } from '../ingest/parse-event.ts';
import { operations } from '../operator/operations.ts';
import { openTemplates } from '../plan/check-templates.ts';
import { createPersonSchema, parsePerson } from '../plan/directory.ts';
import { RenderError } from '../render/rendered.ts';
import type { Exchange } from './exchange.ts';
import { parseBody } from './parse-input.ts';
import { describeProblem } from './problem.ts';
import { exampleOf } from './route-row.ts';

/**
 * Bounded work at every edge: each value without end at every place of every shape, as long as the largest body, and
 * the longest good value too. The places come from the API document and the schemas, so a new field is walked by itself;
 * a new kind of value is a row of `endlessValues`. Tokens: `verify-token.test.ts`.
 */
const nowMs = Date.parse('2026-11-20T09:30:00Z');
vi.setConfig({ testTimeout: 60_000 });

/** An event's body may have 256 KiB. An operator's may have more, and is bounded in what it may hold: a part tells as much. */
const bodyBytes = 250 * 1024;
/** The door refuses a batch of more than a mebibyte, or of more than 50,000 values: both are nearly reached. */
const batchBytes = 900 * 1024;
const orderBytes = 96 * 1024;
/** Of a directory no more than 64 KiB are read. */
const directoryBytes = 63 * 1024;
const { catalog, renderer } = openTemplates({
  dir: 'templates',
  allowedLinkHosts: ['app.example.com'],
  now: () => nowMs,
});
const eventCatalog: EventCatalog = {
  types: () => catalog.types(),
  find: (type) => catalog.find(type),
  checkData: (type, data) => catalog.checkData(type, data),
  directoryIdField: 'student_id',
  checkDrafts: (event) => renderer.checkDrafts(event),
};
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  readonly components: { readonly schemas: Readonly<Record<string, Schema & { oneOf?: readonly Schema[] }>> };
};
const resolve = (ref: string): Schema => document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {};

const heldBefore = measureHeld();
let slowest = { ms: 0, what: 'nothing' };
let longestAnswer = 0;

function measure(what: string, run: () => unknown): void {
  const ms = measureWorkMs(run);
  if (ms > slowest.ms) slowest = { ms, what };
}

/** What the door answers: taken, or refused in our own words. Any other error is a fault of ours, and thrown. */
function take(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const answer = describeProblem(error, { requestId: 'r', baseUrl: 'https://acc.example.com' });
    longestAnswer = Math.max(longestAnswer, JSON.stringify(answer).length);
  }
}

interface Walk {
  readonly run: (text: string) => unknown;
  /** Of a value without end. */
  readonly bytes?: number;
}

function walk(name: string, base: unknown, places: readonly Place[], { run, bytes = bodyBytes }: Walk): void {
  for (const [index, place] of places.entries()) {
    const values = [
      ...Object.entries(index === 0 ? hostileTexts : endlessValues).map(
        ([kind, make]) => [kind, make(bytes)] as const,
      ),
      ...longestValues(place).map((value) => ['its longest', value] as const),
    ];
    for (const [kind, value] of values) {
      const text = writeAt(base, place.path, value);
      if (text.length <= 2 * bytes)
        measure(`${name} /${place.path.join('/')}: ${kind}`, () => take(() => run(text)));
    }
  }
}

/** Undefined for what is no JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const post = (mediaType: string, text: string, headers: Record<string, string> = {}) => ({
  mediaType,
  headers: { 'idempotency-key': 'k', ...headers },
  body: Buffer.from(text),
  receivedAt: nowMs,
});

const data = { student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };
const recipient = { email: 'jo@example.com', name: 'Jo', locale: 'en', time_zone: 'UTC' };
const type = 'new_match_found';
const placesOf = (name: string): readonly Place[] => {
  const schema = resolve(name);
  const one = schema.oneOf?.find(({ properties }) => properties?.['type']?.const === type) ?? schema;
  return listPlaces(one, resolve);
};
const dataPlaces = (at: readonly string[]): readonly Place[] =>
  listPlaces(resolve(`Data.${type}`), resolve).map(({ path, schema }) => ({
    path: [...at, ...path],
    schema,
  }));
const single = (mediaType: string, headers?: Record<string, string>) => (text: string) =>
  checkEvent(parseEvent(post(mediaType, text, headers)), eventCatalog);
const cloud = { specversion: '1.0', id: 'e', source: '/s', type, data };

const shapes: readonly [string, unknown, readonly Place[], (text: string) => unknown][] = [
  ['flat', { type, ...data, recipient }, placesOf('FlatEvent'), single('application/json')],
  [
    'envelope',
    { type, data, recipient },
    [...placesOf('EnvelopeEvent'), ...dataPlaces(['data'])],
    single('application/json'),
  ],
  [
    'structured CloudEvent',
    cloud,
    [...placesOf('CloudEvent'), ...dataPlaces(['data'])],
    single('application/cloudevents+json'),
  ],
  [
    'binary CloudEvent',
    data,
    dataPlaces([]),
    single('application/json', { 'ce-specversion': '1.0', 'ce-id': 'e', 'ce-source': '/s', 'ce-type': type }),
  ],
];

describe.each(shapes)('a %s event', (name, base, places, run) => {
  test('is read, checked and refused in bounded time', () => {
    expect(places.length).toBeGreaterThan(4);
    expect(() => run(JSON.stringify(base))).not.toThrow();
    slowest = { ms: 0, what: 'nothing' };
    walk(name, base, places, { run });
    expect(slowest.ms, slowest.what).toBeLessThan(loopHeldMsMax);
  });
});

test('a batch of as many items as there may be is read in bounded steps', () => {
  slowest = { ms: 0, what: 'nothing' };
  for (const [kind, make] of Object.entries(hostileTexts)) {
    const items = Array.from({ length: 500 }, () => `{"type":"${type}","data":${make(500)}}`).join();
    const read = (): readonly unknown[] => parseBatch(post('application/json', `[${items}]`));
    measure(`a batch that is nothing else: ${kind}`, () =>
      take(() => parseBatch(post('application/json', make(batchBytes)))),
    );
    let parsed: readonly unknown[] = [];
    measure(`reading: ${kind}`, () => take(() => (parsed = read())));
    // Each is checked by itself, with a turn of the event loop between them.
    for (const item of parsed.slice(0, 20))
      if (!(item instanceof ServiceError))
        measure(`checking: ${kind}`, () => take(() => checkEvent(item as never, eventCatalog)));
  }
  expect(slowest.ms, slowest.what).toBeLessThan(loopHeldMsMax);
});

const bodies = operations.flatMap(({ operationId, body }) =>
  body === undefined ? [] : [[operationId, body] as const],
);

describe.each(bodies)('the body of %s', (name, body) => {
  test('is read and refused in bounded time', () => {
    const schema = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }) as Schema;
    const places = listPlaces(schema, () => ({}));
    slowest = { ms: 0, what: 'nothing' };
    walk(name, exampleOf(body), places, {
      run: (text) => parseBody({ body: Buffer.from(text) } as Exchange, body),
      bytes: orderBytes,
    });
    expect(slowest.ms, slowest.what).toBeLessThan(loopHeldMsMax);
  });
});

test('an answer of the directory is read in bounded time', () => {
  const base = {
    student_id: 'stu_1',
    email: 'jo@example.com',
    phone: '+15555550123',
    name: 'Jo',
    locale: 'en',
  };
  const personSchema = createPersonSchema('student_id');
  const schema = z.toJSONSchema(personSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
  slowest = { ms: 0, what: 'nothing' };
  const run = (text: string): void => {
    const person = personSchema.safeParse(readJson(text));
    if (person.success) parsePerson(person.data);
  };
  const places = listPlaces(schema, () => ({}));
  expect(places.map(({ path }) => path.join('/'))).toEqual(
    expect.arrayContaining(['', 'student_id', 'email', 'name', 'time_zone']),
  );
  walk('person', base, places, { run, bytes: directoryBytes });
  expect(slowest.ms, slowest.what).toBeLessThan(loopHeldMsMax);
});

test('what is stored is rendered in bounded time, whatever an older door let in', () => {
  slowest = { ms: 0, what: 'nothing' };
  for (const channel of ['email', 'sms'] as const) {
    const run = (text: string): void => {
      const stored = readJson(text);
      if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return;
      const request = { template: type, channel, locale: 'en', timeZone: 'UTC', recipient: { name: 'Jo' } };
      try {
        renderer.render({ ...request, data: stored as Record<string, unknown> });
      } catch (error) {
        if (!(error instanceof RenderError)) throw error;
      }
    };
    walk(`rendering ${channel}`, data, dataPlaces([]), { run });
  }
  expect(slowest.ms, slowest.what).toBeLessThan(loopHeldMsMax);
});

test('no answer was long, and nothing of all that is held on to', () => {
  expect(longestAnswer).toBeLessThan(64 * 1024);
  expect(measureHeld() - heldBefore).toBeLessThan(grownBytesMax);
});
