import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { listenOnLoopback } from './loopback.ts';
import { sendJson, sendProblem } from './respond.ts';

/** An example person. `refused`: has withdrawn the consent to be written to. */
export interface Student {
  readonly student_id: string;
  readonly name: string;
  readonly first_name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly locale: string;
  readonly time_zone: string;
  readonly refused?: boolean;
}

export interface DirectoryOptions {
  /** 0 finds a free port. */
  readonly port: number;
  readonly students: readonly Student[];
  readonly issuer: { readonly url: string; readonly jwksUrl: string };
  readonly audience: string;
}

export interface LocalDirectory {
  /** For DIRECTORY_URL: people are at `<url>/students/<id>`. */
  readonly url: string;
  stop(): Promise<void>;
}

type Entry = 'allowed' | 'no-token' | 'no-scope';

/**
 * Starts the students' directory on loopback. `GET /students/{id}` with a token of scope `directory.read` answers 200,
 * 404 (nobody), or 403 `consent-refused`; without a good token 401, with one of another scope 403 `insufficient-scope`.
 */
export async function startDirectory(options: DirectoryOptions): Promise<LocalDirectory> {
  const people = new Map(options.students.map((student) => [student.student_id, student]));
  const keys = createRemoteJWKSet(new URL(options.issuer.jwksUrl), { cooldownDuration: 1000 });
  const server = createServer((request, response) => {
    handleRequest(request, response).catch(() =>
      sendProblem(response, 500, { code: 'internal-error', title: 'The local directory failed' }),
    );
  });
  const handleRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (await checkEntry(request, keys, options)) {
      case 'no-token':
        response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
        return sendProblem(response, 401, {
          code: 'invalid-token',
          title: 'A good bearer token is needed',
        });
      case 'no-scope':
        return sendProblem(response, 403, {
          code: 'insufficient-scope',
          title: 'The scope directory.read is needed',
        });
      case 'allowed':
        return sendStudent(people.get(readStudentId(request)), response);
    }
  };
  const listening = await listenOnLoopback(server, options.port);
  return { url: listening.url, stop: listening.stop };
}

/** The people in a JSON file of the shape of `local/fixtures/students.json`. */
export async function loadStudents(path: string): Promise<readonly Student[]> {
  return JSON.parse(await readFile(path, 'utf8')) as Student[];
}

async function checkEntry(
  request: IncomingMessage,
  keys: JWTVerifyGetKey,
  options: DirectoryOptions,
): Promise<Entry> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return 'no-token';
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: options.issuer.url,
      audience: options.audience,
      algorithms: ['RS256'],
    });
    return String(payload['scope']).split(' ').includes('directory.read') ? 'allowed' : 'no-scope';
  } catch {
    return 'no-token';
  }
}

function sendStudent(student: Student | undefined, response: ServerResponse): void {
  if (student === undefined)
    return sendProblem(response, 404, { code: 'not-found', title: 'Nobody has this id' });
  const { refused = false, ...person } = student;
  if (refused) {
    return sendProblem(response, 403, {
      code: 'consent-refused',
      title: 'This person does not want to be written to',
    });
  }
  sendJson(response, 200, person);
}

function readStudentId(request: IncomingMessage): string {
  const path = new URL(request.url ?? '/', 'http://directory').pathname;
  const id = /^\/students\/([\w-]+)$/.exec(path)?.[1];
  return request.method === 'GET' ? (id ?? '') : '';
}
