import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBreaches, type Seen } from '../support/contract.ts';
import { createValues, mutate, type Schema } from '../support/schema-arbitrary.ts';
import { type Service, startService } from '../support/service.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly bodies: readonly (readonly [string, Schema])[];
  readonly statuses: readonly string[];
}

interface Request {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly token: 'good' | 'reader' | 'none' | 'broken';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The API alone: what is accepted need not be delivered to be answered. */
let service: Service;
let document: Document;

beforeAll(async () => {
  service = await startService({ processes: ['api'] });
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
});
afterAll(async () => {
  await service?.stop();
});

function readOperations(): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const body = operation['requestBody'] as { content?: Record<string, { schema: Schema }> } | undefined;
      return {
        method: method.toUpperCase(),
        path,
        operationId: String(operation['operationId']),
        parameters: (operation['parameters'] ?? []) as Operation['parameters'],
        bodies: Object.entries(body?.content ?? {}).map(([type, { schema }]) => [type, schema] as const),
        statuses: Object.keys(operation['responses'] as object),
      };
    }),
  );
}

function resolve(ref: string): Schema {
  const found = document.components.schemas[ref.replace('#/components/schemas/', '')];
  if (found === undefined) throw new Error(`the document has no ${ref}`);
  return found;
}

const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 300 }).map((text) => text.trim());
const pathPart = fc.oneof(
  fc.constantFrom(
    'evt_00k3v9q1zr7m2c8d4x6w0b5n1t',
    'msg_00k3v9q1zr7m2c8d4x6w0b5n1t',
    'evt_zzz',
    'not-found',
    'batch',
  ),
  fc.constantFrom(
    '%00',
    '%ff',
    '%',
    '%2e%2e',
    '..%2f',
    '%f0%9f%92%a9',
    'a'.repeat(3_000),
    '__proto__',
    'evt_ff' + '0'.repeat(24),
  ),
  fc.string({ unit: 'binary', minLength: 1 }).map((text) => encodeURIComponent(text)),
);

function createPaths({ path, parameters }: Operation): Arbitrary<string> {
  const pairs = parameters
    .filter((one) => one.in === 'query')
    .map(({ name, schema }) =>
      fc
        .oneof(createValues(schema, resolve).map(String), fc.string({ unit: 'binary' }))
        .map((value): [string, string] => [name, value]),
    );
  const query = fc.oneof(
    fc.constant(''),
    printable.map((text) => `?${encodeURI(text)}`),
    ...(pairs.length === 0
      ? []
      : [
          fc
            .array(fc.oneof(...pairs), { maxLength: 4 })
            .map((given) => `?${new URLSearchParams(given).toString()}`),
        ]),
  );
  return fc.tuple(pathPart, query).map(([part, text]) => path.replace(/\{\w+\}/, () => part) + text);
}

function createBodies(operation: Operation): Arbitrary<{ type: string; body: string } | undefined> {
  if (operation.bodies.length === 0) return fc.constant(undefined);
  return fc.constantFrom(...operation.bodies).chain(([type, schema]) => {
    const good = createValues(schema, resolve);
    const values = fc.oneof(
      { weight: 2, arbitrary: good },
      { weight: 1, arbitrary: good.chain(mutate) },
      { weight: 1, arbitrary: good.chain(mutate).chain(mutate) },
    );
    const texts = values.map((value) => JSON.stringify(value) ?? '');
    const broken = fc.oneof(
      fc.tuple(texts, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '',
        'null',
        '[[[[',
        '['.repeat(5_000),
        '{"a":1,"a":2}',
        '\ufeff{}',
        '{"__proto__":{"x":1}}',
      ),
    );
    const types = fc.oneof(
      { weight: 8, arbitrary: fc.constant(type) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ...operation.bodies.map(([one]) => one),
          'text/plain',
          '',
          `${type};charset=x`,
        ),
      },
    );
    const bodies = fc.oneof({ weight: 6, arbitrary: texts }, { weight: 1, arbitrary: broken });
    return fc.record({ type: types, body: bodies });
  });
}

function createHeaders({ operationId }: Operation): Arbitrary<Record<string, string>> {
  // A batch is refused with a key for all of it; its items have their own.
  const usual =
    operationId === 'postEventBatch' ? fc.constant({}) : fc.uuid().map((key) => ({ 'idempotency-key': key }));
  const value = fc.oneof(printable, fc.constantFrom('', 'x'.repeat(4_000), '\u00ff\u00fe', '00-0-0-0'));
  const names = [
    'idempotency-key',
    'x-request-id',
    'traceparent',
    'ce-specversion',
    'ce-type',
    'ce-id',
    'accept',
    'content-encoding',
  ];
  const odd = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: usual },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: odd },
  );
}

function createRequests(operations: readonly Operation[]): Arbitrary<Request> {
  const each = operations.map((operation) =>
    fc
      .record({
        method: fc.oneof(
          { weight: 20, arbitrary: fc.constant(operation.method) },
          { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS') },
        ),
        path: createPaths(operation),
        token: fc.oneof(
          { weight: 12, arbitrary: fc.constant('good' as const) },
          { weight: 1, arbitrary: fc.constantFrom('reader' as const, 'none' as const, 'broken' as const) },
        ),
        headers: createHeaders(operation),
        content: createBodies(operation),
      })
      .map(({ content, headers, ...rest }) => ({
        operation,
        ...rest,
        headers: { ...headers, ...(content === undefined ? {} : { 'content-type': content.type }) },
        body: content?.body,
      })),
  );
  return fc.oneof(...each);
}

async function ask(request: Request, tokens: Readonly<Record<Request['token'], string>>): Promise<Seen> {
  const { method, path, headers, body, token } = request;
  const response = await fetch(service.url + path, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(token === 'none' ? {} : { authorization: `Bearer ${tokens[token]}` }) },
    ...(body === undefined || method === 'GET' ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A 5xx, or a status that the document does not know of. */
function findSurprises({ operation, method }: Request, { status, text }: Seen): string[] {
  const surprises: string[] = [];
  // A pause that the requests themselves ordered is the one good reason.
  const isOrdered = status === 503 && (JSON.parse(text) as { code?: string }).code === 'ingestion-paused';
  if (status >= 500 && !isOrdered) surprises.push(`a ${status}`);
  // By another method, or with a slash in its path, it may be another operation or none.
  const isItself = method === operation.method && status !== 404;
  if (isItself && !operation.statuses.includes(String(status))) surprises.push(`${status} is not documented`);
  return surprises;
}

/** Sends what the operations allow, and more, and answers how often each was answered how: `postEvent 202`. */
async function bombard(operations: readonly Operation[], runsMax: number, ms: number): Promise<Set<string>> {
  const tokens = {
    good: await service.token('operator'),
    reader: await service.token('upstream', 'notify.read'),
    none: '',
    broken: 'a.b.c',
  };
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(createRequests(operations), async (request) => {
      const answer = await ask(request, tokens);
      const about = `${request.operation.operationId} ${answer.status}`;
      seen.add(about);
      const breaches = [...findBreaches(answer), ...findSurprises(request, answer)];
      if (breaches.length > 0) throw new Error(`${about}: ${breaches.join('; ')}: ${answer.text}`);
    }),
    { numRuns: runsMax, interruptAfterTimeLimit: ms, markInterruptAsFailure: false },
  );
  return seen;
}

test('whatever is posted: no 5xx, faults are problems, the six headers are there, the status is documented', async () => {
  const posts = readOperations().filter(({ path }) => path.startsWith('/api/events'));
  const seen = await bombard(posts, 2_000, 10_000);
  // Not vacuous: good events were taken, and bad ones refused for more than one reason.
  expect([...seen]).toEqual(
    expect.arrayContaining(
      ['202', '400', '401', '415', '422'].map((status) => `postEvent ${status}`).concat('postEventBatch 202'),
    ),
  );
}, 60_000);

test('the same of every other operation, those that stop and pause included', async () => {
  const operations = readOperations();
  const seen = await bombard(operations, 2_000, 10_000);
  const reached = new Set([...seen].map((about) => about.split(' ')[0]));
  expect(reached.size).toBeGreaterThan(operations.length / 2);
}, 60_000);
