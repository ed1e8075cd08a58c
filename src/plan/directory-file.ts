import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { createPersonSchema, type Directory, type Person, parsePerson } from './directory.ts';

export interface FileDirectoryOptions {
  /** JSON: an array of people as the HTTP directory returns them. */
  readonly path: string;
  /** The field of a person that holds the id. */
  readonly idField: string;
}

interface People {
  /** Size and time of change of the file that was read. */
  readonly stamp: string;
  readonly byId: ReadonlyMap<string, Person>;
}

/**
 * A directory for development: people from a JSON file that may be edited while the service runs. A file that is
 * missing or malformed is `unreachable`, naming the file and the repair, so that events wait for it as they
 * would for a service.
 */
export function createFileDirectory(options: FileDirectoryOptions): Directory {
  let people: People | undefined;
  return {
    lookUpRecipient: async (id) => {
      try {
        people = await readPeople(options, people);
      } catch (error) {
        return { kind: 'unreachable', detail: describeError(options, error) };
      }
      const person = people.byId.get(id);
      return person === undefined ? { kind: 'not-found' } : parsePerson(person);
    },
  };
}

/** The file's people; `known` when the file has not changed since. */
async function readPeople(
  { path, idField }: FileDirectoryOptions,
  known: People | undefined,
): Promise<People> {
  const { size, mtimeMs } = await stat(path);
  const stamp = `${size} ${mtimeMs}`;
  if (known?.stamp === stamp) return known;
  const list = z.array(createPersonSchema(idField)).parse(JSON.parse(await readFile(path, 'utf8')));
  const byId = new Map(list.map((person) => [person.id, person]));
  if (byId.size < list.length) throw new Error(`a ${idField} is there twice`);
  return { stamp, byId };
}

/** Names the place in the file, never its content. */
function describeError({ path, idField }: FileDirectoryOptions, error: unknown): string {
  const shape = `it must be a JSON array of people such as [{"${idField}": "s1", "email": "jo@example.com"}]`;
  if (error instanceof z.ZodError) {
    const places = new Set(error.issues.map((issue) => `/${issue.path.join('/')}`));
    return `the people file ${path} is wrong at ${[...places].slice(0, 5).join(', ')}: ${shape}`;
  }
  if (error instanceof SyntaxError) return `the people file ${path} is not JSON: ${shape}`;
  if (error instanceof Error && 'code' in error) {
    return `the people file ${path} cannot be read (${String(error.code)}): ${shape}`;
  }
  const reason = error instanceof Error ? error.message : 'an unknown error';
  return `the people file ${path} is wrong (${reason}): ${shape}`;
}
