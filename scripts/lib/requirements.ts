/** The table of requirements, from the root of the repository. */
const requirementsFile = 'docs/requirements.md';

interface Requirement {
  readonly id: string;
  readonly line: number;
  readonly tests: readonly string[];
}

interface Table {
  /** Of the section headings: `ING` of `ING-1`. */
  readonly families: readonly string[];
  readonly rows: readonly Requirement[];
  readonly errors: readonly string[];
}

/**
 * Holds the table of requirements against `files`, the text of each file by its path from the root of the repository:
 * every id that is cited has a row, every row has an id of its own and a test, every test that is named exists.
 * Returns the errors as `path:line: what is wrong`; none when all is well.
 */
export function findRequirementErrors(files: ReadonlyMap<string, string>): string[] {
  const { families, rows, errors } = readTable(files.get(requirementsFile) ?? '');
  if (rows.length === 0) return [...errors, at(1, 'has no row')];
  const ids = rows.map(({ id }) => id);
  return [
    ...errors,
    ...rows
      .filter(({ id }, index) => ids.indexOf(id) < index)
      .map(({ id, line }) => at(line, `${id} is there twice`)),
    ...rows.flatMap((row) => findTestErrors(row, files)),
    ...[...files].flatMap(([path, text]) =>
      listIds(text, families)
        .filter(({ id }) => !ids.includes(id))
        .map(({ id, line }) => `${path}:${line}: ${id} is no row of ${requirementsFile}`),
    ),
  ];
}

function readTable(text: string): Table {
  const headings = text.matchAll(/^## ([A-Z]+(?:, [A-Z]+)*): /gm);
  const families = [...headings].flatMap(([, names = '']) => names.split(', '));
  const row = new RegExp(String.raw`^\| ((?:${families.join('|')})-\d+) \| [^|]+ \| ([^|]*) ?\|$`);
  const rows: Requirement[] = [];
  const errors: string[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    if (!content.startsWith('|') || /^\| (id|---) \|/.test(content)) continue;
    const [, id, tests = ''] = row.exec(content) ?? [];
    if (id === undefined)
      errors.push(at(index + 1, 'is not `| id | requirement | tests |` with the family of a heading'));
    else rows.push({ id, line: index + 1, tests: tests.split('<br>').map((test) => test.trim()) });
  }
  return { families, rows, errors };
}

function findTestErrors({ id, line, tests }: Requirement, files: ReadonlyMap<string, string>): string[] {
  return tests.flatMap((test) => {
    const [, path = '', title = ''] = /^`([^`]+\.test\.ts)`(?: › "([^"]+)")?$/.exec(test) ?? [];
    if (path === '') return [at(line, `${id} needs a test as \`path.test.ts\` › "title", and has "${test}"`)];
    const text = files.get(path);
    if (text === undefined) return [at(line, `${id} names ${path}, which is not there`)];
    return text.includes(title) ? [] : [at(line, `${id} names "${title}", which is not in ${path}`)];
  });
}

/** Ids of these families only: `UTF-8` is none. */
function listIds(text: string, families: readonly string[]): { id: string; line: number }[] {
  const ids = new RegExp(String.raw`(?<![\w-])(?:${families.join('|')})-\d+\b`, 'g');
  return text
    .split('\n')
    .flatMap((content, index) => (content.match(ids) ?? []).map((id) => ({ id, line: index + 1 })));
}

function at(line: number, what: string): string {
  return `${requirementsFile}:${line}: ${what}`;
}
