import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgramRoot } from '../../config/program-root.ts';
import { loadCatalog } from '../../plan/catalog.ts';
import { checkContract } from './check-contract.ts';
import type { OurContract } from './difference.ts';

const templates = join(findProgramRoot(), 'templates');
const catalog = loadCatalog(templates);
const ours: OurContract = {
  catalog: { ...catalog, directoryIdField: 'student_id', checkDrafts: () => ({ data: [] }) },
  schemas: new Map(
    catalog
      .types()
      .map((type) => [type, JSON.parse(readFileSync(join(templates, type, 'schema.json'), 'utf8'))]),
  ),
};
const match = { type: 'new_match_found', student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };
const deadline = {
  type: 'deadline_approaching',
  student_id: 'stu_1',
  scholarship_id: 'sch_1',
  deadline: '2026-12-04T22:00:00Z',
  hours_remaining: 72,
};

/** Every difference as `type kind pointer`. */
function list(document: unknown, asType?: string): string[] {
  return checkContract(document, ours, asType).checked.flatMap(({ type, differences }) =>
    differences.map(({ kind, pointer }) => `${type} ${kind} ${pointer}`),
  );
}

describe('samples', () => {
  test('in every shape, in a list or by name, agree when the door would take them', () => {
    const { type, ...data } = match;
    const envelope = { id: '1', source: 'peer', type, data };
    const cloudEvent = { specversion: '1.0', id: '1', source: '/peer', type, data };
    for (const document of [match, [match, deadline], { one: match }, { samples: [envelope, cloudEvent] }])
      expect(checkContract(document, ours)).toMatchObject({ ok: true });
    expect(checkContract([match], ours).notCovered).toEqual([
      'deadline_approaching',
      'receipt',
      'weekly_digest',
      'welcome',
    ]);
  });

  test('each difference is named with type and pointer', () => {
    const { deadline: _deadline, ...noDeadline } = deadline;
    expect(list([noDeadline, { ...match, match_score: '90' }])).toEqual([
      'deadline_approaching missing-required /0/deadline',
      'new_match_found type-mismatch /1/match_score',
    ]);
    expect(list({ one: { ...match, match_score: 101, score: 1 } })).toEqual([
      'new_match_found unknown-field /one/score',
      'new_match_found value-mismatch /one/match_score',
    ]);
    expect(list({ type: 'match_found', student_id: 's' })).toEqual(['match_found unknown-type /type']);
    const { type, ...data } = match;
    expect(list({ id: '1', source: 'p', type, data: { ...data, student_id: 7 } })).toEqual([
      'new_match_found type-mismatch /data/student_id',
    ]);
  });

  test('what the door cannot read is not an event', () => {
    expect(list({ ...match, send_at: 'tomorrow' })).toEqual(['new_match_found not-an-event /send_at']);
  });
});

describe('schemas', () => {
  const good = JSON.parse(readFileSync(join(templates, 'new_match_found', 'schema.json'), 'utf8'));

  test('our own schemas agree with themselves but for what two anyOf cannot tell', () => {
    for (const [type, schema] of ours.schemas) {
      const report = checkContract({ [type]: schema }, ours);
      expect(report.ok, type).toBe(true);
      for (const { detail } of report.checked.flatMap(({ notCompared }) => notCompared))
        expect(detail).toBe('uses anyOf');
    }
  });

  /** Ours, as a flat event of the peer, with these changes. */
  function peer(change: object, properties: object = {}): object {
    const own = { type: { const: 'new_match_found' }, idempotency_key: { type: 'string' } };
    return { ...good, title: 'x', properties: { ...own, ...good.properties, ...properties }, ...change };
  }

  test('a flat event’s own fields are no data', () => expect(list(peer({}))).toEqual([]));

  test.each<[string, object, string[]]>([
    [
      'a field of another type',
      peer({}, { match_score: { type: 'string' } }),
      ['type-mismatch /properties/match_score'],
    ],
    [
      'a field that may be null',
      peer({}, { match_score: { type: ['number', 'null'] } }),
      ['type-mismatch /properties/match_score'],
    ],
    [
      'a wider range',
      peer({}, { match_score: { type: 'integer', minimum: 0, maximum: 1000 } }),
      ['value-mismatch /properties/match_score'],
    ],
    [
      'a field that we do not know',
      peer({}, { score: { type: 'number' } }),
      ['unknown-field /properties/score'],
    ],
    [
      'optional there, required here',
      peer({ required: ['student_id', 'scholarship_id'] }),
      ['missing-required /properties/match_score'],
    ],
    [
      'another format',
      peer({}, { apply_url: { type: 'string', maxLength: 9, minLength: 1, format: 'email' } }),
      ['value-mismatch /properties/apply_url'],
    ],
  ])('%s', (_what, document, expected) => {
    expect(list(document)).toEqual(expected.map((one) => `new_match_found ${one}`));
  });

  test('a field that the peer does not know, and nobody to write to', () => {
    const document = {
      properties: { type: { const: 'welcome' }, firstName: { type: 'string' } },
      type: 'object',
    };
    expect(list(document)).toEqual(['welcome missing-required /properties/student_id']);
    expect(list({ type: 'object', properties: {} }, 'new_match_found')).toHaveLength(3);
  });

  test('a type that we do not know, and one envelope for several', () => {
    const data = { ...good, properties: { ...good.properties, match_score: { type: 'string' } } };
    const document = {
      type: 'object',
      properties: { type: { enum: ['new_match_found', 'gone'] }, data: { $ref: '#/$defs/data' } },
      $defs: { data },
    };
    expect(list(document)).toEqual([
      'new_match_found type-mismatch /properties/data/properties/match_score',
      'gone unknown-type ',
    ]);
  });

  test('what cannot be compared is said, and is neither a difference nor an agreement', () => {
    const document = peer(
      { additionalProperties: true },
      {
        match_score: { type: 'number' },
        scholarship_id: { $ref: 'https://peer.example.com/id.json' },
        student_id: { oneOf: [{ type: 'string' }] },
        scholarship_title: {},
      },
    );
    const [part] = checkContract(document, ours).checked;
    expect(part?.differences).toEqual([]);
    expect(part?.notCompared.map(({ pointer, detail }) => `${pointer} ${detail}`)).toEqual([
      '/properties/student_id uses oneOf',
      '/properties/scholarship_id is not a schema that can be followed from here',
      '/properties/match_score does not say its minimum; ours is 0',
      '/properties/match_score does not say its maximum; ours is 100',
      '/properties/scholarship_title does not say its type; ours is string',
      ' allows fields that it does not name; any of them is refused here',
    ]);
  });

  test('a definition that is no event of ours is not compared', () => {
    const report = checkContract({ $defs: { Id: { type: 'string' }, Address: { type: 'object' } } }, ours);
    expect(report.checked).toMatchObject([
      { type: '', differences: [], notCompared: [{ pointer: '/$defs/Address' }] },
    ]);
  });
});

test('values of a list are compared, and a peer that names none is not taken for agreement', () => {
  const schemas = new Map([['match', { type: 'object', properties: { tier: { enum: ['gold', 1] } } }]]);
  const compare = (tier: object) => {
    const schema = {
      type: 'object',
      additionalProperties: false,
      required: ['student_id'],
      properties: { tier },
    };
    return checkContract({ match: schema }, { ...ours, schemas }).checked[0];
  };
  expect(compare({ enum: ['gold'] })).toMatchObject({ differences: [], notCompared: [] });
  expect(compare({ enum: ['gold', 'tin'] })?.differences).toMatchObject([
    { kind: 'value-mismatch', pointer: '/match/properties/tier', detail: 'may be "tin"; ours are "gold", 1' },
  ]);
  expect(compare({ type: 'string' })?.notCompared).toMatchObject([{ pointer: '/match/properties/tier' }]);
});

test('a document with nothing to check is not ok', () => {
  expect(checkContract({ hello: ['world'] }, ours)).toMatchObject({ ok: false, checked: [] });
});

test('the field that names a person of the directory is the one that is set', () => {
  const { catalog: from, schemas } = ours;
  const other: OurContract = { catalog: { ...from, directoryIdField: 'applicant_ref' }, schemas };
  const schema = {
    type: 'object',
    properties: { type: { const: 'welcome' }, firstName: {}, student_id: {} },
  };
  const pointers = (value: unknown) =>
    checkContract(value, other).checked.flatMap(({ differences }) =>
      differences.map(({ pointer }) => pointer),
    );
  expect(pointers(schema)).toContain('/properties/applicant_ref');
  expect(pointers({ ...schema, properties: { ...schema.properties, applicant_ref: {} } })).toEqual([
    '/properties/applicant_ref',
  ]);
  expect(pointers(match)).toEqual(['/applicant_ref']);
});
