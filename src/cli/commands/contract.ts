import { join } from 'node:path';
import { settings } from '../../config/settings.ts';
import { isJsonObject, type JsonObject } from '../../ingest/parse-json.ts';
import { fetchBounded } from '../../outbound/fetch-bounded.ts';
import { type Catalog, loadCatalog } from '../../plan/catalog.ts';
import type { Call, Command } from '../command.ts';
import { type ContractReport, checkContract } from '../contract/check-contract.ts';
import type { OurContract } from '../contract/difference.ts';
import { CommandError, type Ending } from '../exit-codes.ts';

const responseBytesMax = 5 * 1024 * 1024;

export const contract: readonly Command[] = [
  {
    name: 'contract check',
    summary: 'a peer’s event samples or JSON Schemas against what this service accepts (Gate 2)',
    about:
      'Samples are judged by the code that stands at the door. Of schemas, what cannot be compared is said and is no agreement. No token is sent to the peer.',
    options: {
      url: { value: 'URL', summary: 'where the peer publishes them' },
      file: { value: 'FILE', isFile: true, summary: 'or a file with them (- is standard input)' },
      type: { value: 'TYPE', summary: 'event type of a schema that does not name one' },
      dir: {
        value: 'DIR',
        isFile: true,
        summary: 'the catalog (else TEMPLATES_DIR, else that of the program)',
      },
    },
    examples: [
      'acc contract check --url https://peer.example.com/events/schema.json',
      'acc contract check --file samples.json --json',
    ],
    run: check,
  },
];

async function check(call: Call): Promise<Ending> {
  const ours = readOurs(
    call.text('dir') ?? call.environment['TEMPLATES_DIR'] ?? join(call.programRoot, 'templates'),
    call.environment['DIRECTORY_ID_FIELD'] ?? settings.DIRECTORY_ID_FIELD.default,
  );
  const type = call.text('type');
  if (type !== undefined && !ours.schemas.has(type)) {
    const known = ours.catalog.types().join(', ');
    throw new CommandError('usage', `There is no event type "${type}". There are ${known}.`);
  }
  const report = checkContract(parseJson(await readPeer(call)), ours, type);
  if (report.checked.length === 0) {
    throw new CommandError(
      'refused',
      'There is no event sample and no JSON Schema in it. A sample has a "type"; a schema has "properties".',
    );
  }
  call.print.show(toJson(report), () => showReport(call, report));
  return report.ok ? 'done' : 'refused';
}

async function readPeer(call: Call): Promise<string> {
  const url = call.text('url');
  const file = call.text('file');
  if ((url === undefined) === (file === undefined))
    throw new CommandError('usage', 'Give either --url URL or --file FILE.');
  if (file !== undefined) return await call.readText(file);
  return await fetchPeer(url ?? '', call.durationMs('timeout') ?? 15_000);
}

async function fetchPeer(url: string, timeoutMs: number): Promise<string> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !['http:', 'https:'].includes(target.protocol))
    throw new CommandError('usage', `"${url}" is not an http(s) address.`);
  const headers = { accept: 'application/json' };
  const result = await fetchBounded({ url: target, headers, timeoutMs, responseBytesMax });
  if (result.kind === 'failed')
    throw new CommandError('unreachable', `The peer at ${target.origin} ${result.detail}.`);
  if (result.status !== 200)
    throw new CommandError('refused', `The peer at ${target.origin} answered ${result.status}.`);
  return result.text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CommandError('refused', 'The peer’s document is not JSON.', undefined, error);
  }
}

function readOurs(dir: string, directoryIdField: string): OurContract {
  const catalog: Catalog = loadCatalog(dir);
  const schemas = catalog.templates.map(({ type, settings: files }): [string, JsonObject] => {
    const source = files.find(({ file }) => file.endsWith('/schema.json'))?.source ?? '{}';
    const schema: unknown = JSON.parse(source);
    return [type, isJsonObject(schema) ? schema : {}];
  });
  // Which links may be sent is for the running service to say, and its door does.
  return {
    catalog: { ...catalog, directoryIdField, checkDrafts: () => ({ data: [] }) },
    schemas: new Map(schemas),
  };
}

function toJson({ ok, checked, notCovered }: ContractReport): unknown {
  return {
    ok,
    checked: checked.map(({ as, pointer, type, differences, notCompared }) => ({
      as,
      pointer,
      type,
      differences,
      not_compared: notCompared,
    })),
    not_covered: notCovered,
  };
}

function showReport({ print }: Call, { ok, checked, notCovered }: ContractReport): void {
  const rows = checked.flatMap(({ type, differences, notCompared }) => [
    ...differences.map(({ kind, pointer, detail }) => [type, kind, pointer || '/', detail]),
    ...notCompared.map(({ pointer, detail }) => [type, 'not compared', pointer || '/', detail]),
  ]);
  if (rows.length > 0) print.table(['TYPE', 'WHAT', 'AT', 'DETAIL'], rows);
  if (notCovered.length > 0) print.say(`\nnothing was said about: ${notCovered.join(', ')}`);
  const count = (kind: 'sample' | 'schema'): number => checked.filter(({ as }) => as === kind).length;
  const what = `${count('sample')} sample(s) and ${count('schema')} schema(s)`;
  const { length: found } = checked.flatMap(({ differences }) => differences);
  if (ok) print.say(`\nno difference in ${what}`);
  else if (found > 0) print.say(`\n${found} difference(s) in ${what}`);
  else print.say('\nnothing was compared: no schema names an event type of ours. Name it: --type TYPE');
}
