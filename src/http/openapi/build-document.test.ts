import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { loadCatalog } from '../../plan/catalog.ts';
import { apiRoutes, documentedRoutes, openRoutes, probeRoutes } from '../routes.ts';
import { buildOpenApi } from './build-document.ts';
import { listEventTypes } from './event-schemas.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const eventTypes = listEventTypes(loadCatalog(`${root}templates`));
const options = { routes: documentedRoutes, eventTypes, directoryIdField: 'student_id' };
const document = JSON.parse(JSON.stringify(buildOpenApi(options)));

test('the document has every route and no other', () => {
  const documented = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = [...apiRoutes, ...probeRoutes, ...openRoutes]
    .filter((route) => route.isPage !== true)
    .map((route) => `${route.method} ${route.path.replace(':id', '{id}').replace(':code', '{code}')}`);
  expect(documented.toSorted()).toEqual(routes.toSorted());
});

test('operation ids are unique and every api operation names its scope', () => {
  const operations = Object.values<Record<string, { operationId: string; security: unknown[] }>>(
    document.paths,
  ).flatMap((path) => Object.values(path));
  expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
  for (const route of apiRoutes) {
    const operation = operations.find((row) => row.operationId === route.operationId);
    expect(operation?.security).toEqual([{ bearer: [route.scope] }]);
  }
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(20);
  for (const [, kind = '', name = ''] of references)
    expect(document.components[kind], name).toHaveProperty([name]);
});

test('the committed file is this document', () => {
  expect(JSON.parse(readFileSync(`${root}docs/openapi.json`, 'utf8'))).toEqual(document);
});

test('the samples of the catalog fit the schemas of all shapes, and a misspelt field fits none', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', components: document.components });
  const shapes = ['FlatEvent', 'EnvelopeEvent', 'CloudEvent'].map((name) =>
    ajv.compile({ $ref: `doc#/components/schemas/${name}` }),
  );
  const [flat, envelope, cloud] = shapes;
  for (const { type, sample = {} } of eventTypes) {
    const own = { type, source: 's' };
    const spell = (data: object) => [
      flat?.({ ...own, idempotency_key: 'k', ...data }),
      envelope?.({ ...own, id: 'k', data }),
      cloud?.({ ...own, id: 'k', specversion: '1.0', data }),
    ];
    expect(spell(sample), type).toEqual([true, true, true]);
    expect(spell({ ...sample, mispelt: 1 }), type).toEqual([false, false, false]);
  }
});

test('the field that names a person of the directory is the one that is set, and nothing else changes', () => {
  const other = JSON.stringify(buildOpenApi({ ...options, directoryIdField: 'applicant_ref' }));
  const sentence = (field: string) => `Without it, ${field} in the data is looked up.`;
  expect(other).toContain(sentence('applicant_ref'));
  expect(other.replace(sentence('applicant_ref'), sentence('student_id'))).toBe(JSON.stringify(document));
});
