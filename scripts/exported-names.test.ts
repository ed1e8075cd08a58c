import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { findRoot } from '../local/root.ts';

test('one name, one thing: no name is exported by two files', () => {
  const files = readSources(['src', 'workers', 'local', 'scripts']);
  expect(files.size).toBeGreaterThan(400);
  expect(listTwice(files)).toEqual([]);
});

test('a name that two files export is found, whatever kind of thing it is', () => {
  const files = new Map([
    ['a.ts', 'export interface Lease { a: 1 } export const { one, two: [three] } = rows; const hidden = 1;'],
    [
      'b.ts',
      'export type Lease = 1; export async function three() {} const hidden = 2; export { hidden as four };',
    ],
    ['c.ts', 'export { Lease } from "./a.ts"; export * from "./b.ts"; export default class one {}'],
    ['d.ts', 'export enum four { x } export type Pair = 1; export const Pair = 1; declare const two: 1;'],
  ]);
  expect(listTwice(files)).toEqual(['Lease: a.ts, b.ts', 'four: b.ts, d.ts', 'three: a.ts, b.ts']);
});

function readSources(folders: readonly string[]): ReadonlyMap<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(findRoot(), folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path),
    ),
  );
  const sources = paths.filter((path) => /(?<!\.test|\.d)\.(?:ts|mjs)$/.test(path));
  return new Map(sources.map((path) => [path, readFileSync(join(findRoot(), path), 'utf8')]));
}

/** `name: file, file` for each name that more than one file exports. What a file passes on from another is not its own. */
function listTwice(files: ReadonlyMap<string, string>): readonly string[] {
  const exporters = new Map<string, Set<string>>();
  for (const [path, text] of files)
    for (const name of ts
      .createSourceFile(path, text, ts.ScriptTarget.Latest)
      .statements.flatMap(listExports))
      exporters.set(name, (exporters.get(name) ?? new Set()).add(path));
  return [...exporters]
    .filter(([, paths]) => paths.size > 1)
    .map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)
    .toSorted();
}

function listExports(statement: ts.Statement): readonly string[] {
  if (ts.isExportDeclaration(statement))
    return statement.moduleSpecifier === undefined ? listNamed(statement) : [];
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const kinds = new Set(modifiers.map(({ kind }) => kind));
  if (!kinds.has(ts.SyntaxKind.ExportKeyword) || kinds.has(ts.SyntaxKind.DefaultKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => listBound(name));
  return isNamed(statement) ? [statement.name.text] : [];
}

function listNamed({ exportClause }: ts.ExportDeclaration): readonly string[] {
  const elements = exportClause !== undefined && ts.isNamedExports(exportClause) ? exportClause.elements : [];
  return elements.map(({ name }) => name.text);
}

function isNamed(statement: ts.Statement): statement is ts.Statement & { readonly name: ts.Identifier } {
  return 'name' in statement;
}

/** The names of a destructuring too. */
function listBound(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : listBound(element.name)));
}
