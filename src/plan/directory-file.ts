import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { type Person, type PersonDefaults, parsePerson, personSchema } from './directory/parse-person.ts';
import type { Directory } from './directory.ts';

export interface FileDirectoryOptions {
  /** JSON: an array of people as the HTTP directory answers them. */
  readonly path: string;
  readonly defaults: PersonDefaults;
}

interface People {
  /** Size and time of change of the file that was read. */
  readonly stamp: string;
  readonly byId: ReadonlyMap<string, Person>;
}

const peopleSchema = z.array(personSchema);

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
        people = await readPeople(options.path, people);
      } catch (error) {
        return { kind: 'unreachable', detail: describeFault(options.path, error) };
      }
      const person = people.byId.get(id);
      return person === undefined ? { kind: 'not-found' } : parsePerson(person, options.defaults);
    },
  };
}

/** The file's people; `known` when the file has not changed since. */
async function readPeople(path: string, known: People | undefined): Promise<People> {
  const { size, mtimeMs } = await stat(path);
  const stamp = `${size} ${mtimeMs}`;
  if (known?.stamp === stamp) return known;
  const list = peopleSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const byId = new Map(list.map((person) => [person.student_id, person]));
  if (byId.size < list.length) throw new Error('a student_id is there twice');
  return { stamp, byId };
}

/** Names the place in the file, never what stands there. */
function describeFault(path: string, error: unknown): string {
  const shape = 'it must be a JSON array of people such as [{"student_id": "s1", "email": "jo@example.com"}]';
  if (error instanceof z.ZodError) {
    const places = error.issues.slice(0, 5).map((issue) => `/${issue.path.join('/')}`);
    return `the people file ${path} is wrong at ${places.join(', ')}: ${shape}`;
  }
  if (error instanceof SyntaxError) return `the people file ${path} is not JSON: ${shape}`;
  if (error instanceof Error && 'code' in error) {
    return `the people file ${path} cannot be read (${String(error.code)}): ${shape}`;
  }
  const fault = error instanceof Error ? error.message : 'an unknown fault';
  return `the people file ${path} is wrong (${fault}): ${shape}`;
}
