import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { channels, channelTable, findChannel } from '../../src/domain/channel.ts';

const root = findRoot();
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => `src/${name}`)
  .toSorted();

/** By file, what is replaced by what. */
type Edits = Readonly<Record<string, readonly (readonly [string, string])[]>>;

const aName: readonly [string, string] = [
  "channels = ['email', 'sms'] as const",
  "channels = ['email', 'sms', 'fax'] as const",
];

/** A channel with its row in the table, its draft and its outgoing message: the three from which the other types follow. */
const aChannel: Edits = {
  'src/domain/channel.ts': [
    aName,
    ['readonly sms: PhoneNumber;', 'readonly sms: PhoneNumber; readonly fax: PhoneNumber;'],
    [
      '\n} as const satisfies {',
      `
        fax: {
          addressField: 'fax',
          isMeant: (text) => text.startsWith('fax:'),
          parseAddress: parsePhoneNumber,
          maskAddress: maskPhone,
          maskPattern: /^$/,
          normaliseAddress: (address) => address,
          quoteAddress: (address) => [address],
        },
      } as const satisfies {`,
    ],
  ],
  'src/providers/provider.ts': [
    [
      'readonly sms: OutgoingSms;',
      "readonly sms: OutgoingSms; readonly fax: { readonly channel: 'fax'; readonly id: MessageId };",
    ],
  ],
  'src/render/rendered.ts': [
    ['readonly sms: SmsDraft;', "readonly sms: SmsDraft; readonly fax: { readonly channel: 'fax' };"],
  ],
};

test('a channel without a row in the table, a draft or an outgoing message does not compile', () => {
  const most = Object.keys(aChannel);
  expect(listFaulty({ 'src/domain/channel.ts': [aName] }, most)).toEqual(most);
}, 60_000);

test('of a third channel the compiler names every place that decides something by channel', () => {
  const places = {
    'src/cli/commands/templates.ts': 'how a preview shows the draft',
    'src/compose/build-gate.ts': 'the setting of its limit per minute',
    'src/compose/build-providers.ts': 'its providers',
    'src/compose/build-synthetic-probe.ts': 'the provider of the proof of life, which delivers nothing',
    'src/compose/start-proof-of-life.ts': 'the recipient of the proof of life',
    'src/config/derive-configuration.ts': 'reads the settings of redirects',
    'src/config/preflight.ts': 'whether its sender is an example',
    'src/config/settings/recipients.ts': 'the setting of its redirect',
    'src/deliver/to-outgoing.ts': 'the outgoing message of a draft',
    'src/domain/recipient-policy.ts': 'which entries of an allow list name an address',
    'src/gate/diagnostics.ts': 'a sample address, to show what the limits would count',
    'src/gate/limits.ts': 'limits of its own',
    'src/http/openapi/event-schemas.ts': 'the schema of an address',
    'src/ingest/check-event.ts': 'what a post without an address is told',
    'src/observe/redact.ts': 'how addresses are masked in texts',
    'src/plan/catalog-manifest.ts': 'what the manifest of a template says of it',
    'src/providers/clean-reply.ts': 'how addresses are masked in what a provider answers',
    'src/providers/outbox.ts': 'the file of a rehearsed message',
    'src/providers/restrict-recipients.ts': 'who an outgoing message goes to, and how it is redirected',
    'src/render/check-draft.ts': 'what it cannot carry of good data',
    'src/render/create-renderer.ts': 'reads the parts of templates',
    'src/render/render-draft.ts': 'how a draft is made, and where links are looked for in it',
    'src/render/rendered.ts': 'how many segments a draft has',
    'src/render/template-source.ts': 'the parts of a template',
  };
  expect(listFaulty(aChannel, files)).toEqual(Object.keys(places).toSorted());
}, 60_000);

test('nothing is decided by the name of a channel where the compiler would not ask for a third one', () => {
  const justified = [
    // Groups of settings, in docs/configuration.md.
    "src/config/settings/setting.ts: 'email'",
    "src/config/settings/setting.ts: 'sms'",
    // Kinds of entries of an allow list; `namesAddress` says by channel which of them are looked at.
    "src/domain/recipient-policy.ts: entry.kind === 'email'",
    "src/domain/recipient-policy.ts: case 'email'",
    // The part of a template that is the text message.
    "src/render/template-source.ts: ['sms']",
  ];
  expect([...new Set(files.flatMap(listDecisions))]).toEqual(justified);
  const scripts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lua'))
    .map((name) => ts.sys.readFile(join(root, 'src', name)) ?? '');
  expect(scripts.join('\n')).not.toMatch(new RegExp(`\\b(?:${channels.join('|')})['"]`));
});

test('a text can be meant as an address of one channel alone', () => {
  for (const text of ['jo@example.com', '+15555550123', 'neither of them', '']) {
    const fitting = channels.filter((name) => channelTable[name].isMeant(text));
    expect(fitting, text).toEqual([findChannel(text)]);
  }
});

/** Which of the files have faults when some are edited. */
function listFaulty(edits: Edits, asked: readonly string[]): string[] {
  const host = ts.createCompilerHost(readOptions());
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, target) => {
    const edited = edits[relative(root, path)];
    if (edited !== undefined) return ts.createSourceFile(path, edit(path, edited), target);
    const known = unedited.get(path) ?? getSourceFile(path, target);
    unedited.set(path, known);
    return known;
  };
  const paths = files.map((file) => join(root, file));
  const program = ts.createProgram(paths, readOptions(), host);
  return asked.filter(
    (file) => program.getSemanticDiagnostics(program.getSourceFile(join(root, file))).length > 0,
  );
}

const unedited = new Map<string, ts.SourceFile | undefined>();

function edit(path: string, edits: Edits[string] = []): string {
  return edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${path} does not hold: ${from}`);
    return text.replace(from, to);
  }, ts.sys.readFile(path) ?? '');
}

function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** Comparisons with the name of a channel, unions and lists of names, flags with one in them, and switches that need not be whole. */
function listDecisions(file: string): string[] {
  const found: string[] = [];
  if (file === 'src/domain/channel.ts') return found;
  const source = ts.createSourceFile(
    file,
    ts.sys.readFile(join(root, file)) ?? '',
    ts.ScriptTarget.ES2023,
    true,
  );
  const visit = (node: ts.Node): void => {
    if (isName(node) && isDecision(node)) found.push(`${file}: ${show(node)}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function show(node: ts.StringLiteralLike): string {
  if (ts.isCaseClause(node.parent)) return `case ${node.getText()}`;
  return isWord(node) || ts.isLiteralTypeNode(node.parent) ? node.getText() : node.parent.getText();
}

function isName(node: ts.Node): node is ts.StringLiteralLike {
  return ts.isStringLiteralLike(node) && channels.some((name) => node.text.split(':').includes(name));
}

/** `send:email`, `consume:sms`. */
function isWord({ text }: ts.StringLiteralLike): boolean {
  return text.includes(':');
}

function isDecision(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (isWord(node) || ts.isArrayLiteralExpression(parent)) return true;
  if (ts.isLiteralTypeNode(parent)) return ts.isUnionTypeNode(parent.parent);
  if (ts.isCaseClause(parent)) return !isWhole(parent.parent);
  if (ts.isBinaryExpression(parent)) return /^[=!]==?$/.test(parent.operatorToken.getText());
  return (
    ts.isCallExpression(parent) && /\.(?:includes|indexOf|startsWith|has)$/.test(parent.expression.getText())
  );
}

/** With a default that the compiler accepts only when nothing is left for it. */
function isWhole({ clauses }: ts.CaseBlock): boolean {
  return clauses.some((clause) => ts.isDefaultClause(clause) && clause.getText().includes('satisfies never'));
}
