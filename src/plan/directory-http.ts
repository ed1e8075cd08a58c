import type { DirectoryAnswer } from '../domain/recipient.ts';
import { type BoundedAnswer, fetchBounded } from '../outbound/fetch-bounded.ts';
import { parseServiceUrl } from '../outbound/parse-service-url.ts';
import { type AnswerKeepOptions, keepAnswers } from './directory/keep-answers.ts';
import { createPersonSchema, type PersonDefaults, parsePerson } from './directory/parse-person.ts';
import type { Directory } from './directory.ts';

/** The service's own token. `refused` was just answered 401 and is not wanted again. Never throws. */
export type ReadToken = (
  signal: AbortSignal,
  refused?: string,
) => Promise<
  | { readonly kind: 'ready'; readonly token: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
>;

export interface HttpDirectoryOptions extends AnswerKeepOptions {
  /** People are read at `{baseUrl}/students/{id}`. */
  readonly baseUrl: string;
  /** The field of an answer that holds the person's id. */
  readonly idField: string;
  /** Local runs only. */
  readonly allowHttp?: boolean;
  readonly readToken: ReadToken;
  readonly defaults: PersonDefaults;
  /** For one request; a look-up makes two at most. */
  readonly timeoutMs?: number;
}

const answerBytesMax = 64 * 1024;
const idCharsMax = 200;

/**
 * The directory of another service, read with our own token. What the status means: 404 `not-found`; 403, 410,
 * 451 `refused`; 401 once more with a new token; everything else that is not a well-formed person is
 * `unreachable`, and so is a person with another id than was asked for. Throws at once when the URL is not
 * acceptable.
 */
export function createHttpDirectory(options: HttpDirectoryOptions): Directory {
  const base = parseServiceUrl(options.baseUrl, 'DIRECTORY_URL', options.allowHttp);
  const schema = createPersonSchema(options.idField);
  return keepAnswers((id) => lookUp(id, { ...options, base, schema }), options);
}

/** What one look-up needs. */
interface Desk extends HttpDirectoryOptions {
  readonly base: URL;
  readonly schema: ReturnType<typeof createPersonSchema>;
}

async function lookUp(id: string, options: Desk): Promise<DirectoryAnswer> {
  // "." and ".." survive percent-encoding and would name another resource.
  if (id === '' || id.length > idCharsMax || /^\.+$/.test(id)) return { kind: 'not-found' };
  const url = new URL(options.base);
  url.pathname = `${options.base.pathname.replace(/\/+$/, '')}/students/${encodeURIComponent(id)}`;
  const first = await ask(url, options);
  if (first.token === undefined || !isUnauthorised(first.answer))
    return readAnswer(first.answer, id, options);
  const second = await ask(url, options, first.token);
  return readAnswer(second.answer, id, options);
}

async function ask(
  url: URL,
  options: HttpDirectoryOptions,
  refused?: string,
): Promise<{ answer: BoundedAnswer; token?: string }> {
  const timeoutMs = options.timeoutMs ?? 3_000;
  const own = await options.readToken(AbortSignal.timeout(timeoutMs), refused);
  if (own.kind === 'unavailable') {
    return {
      answer: { kind: 'failed', detail: `could not be asked, for want of a token of our own: ${own.detail}` },
    };
  }
  const headers = { accept: 'application/json', authorization: `Bearer ${own.token}` };
  return { answer: await fetchBounded({ url, headers, timeoutMs, answerBytesMax }), token: own.token };
}

function isUnauthorised(answer: BoundedAnswer): boolean {
  return answer.kind === 'answered' && answer.status === 401;
}

function readAnswer(answer: BoundedAnswer, id: string, options: Desk): DirectoryAnswer {
  if (answer.kind === 'failed') return unreachable(answer.detail);
  switch (answer.status) {
    case 200:
      return readPerson(answer.text, id, options);
    case 404:
      // A web page comes from a proxy or a wrong address: believing it would end every event as "not found".
      return answer.contentType === 'text/html'
        ? unreachable('answered 404 with a web page: check that DIRECTORY_URL is the base of its API')
        : { kind: 'not-found' };
    case 401:
      return unreachable('refused our own token twice (401): check the audience and scope of the M2M client');
    case 403:
    case 410:
    case 451:
      return { kind: 'refused', detail: `the directory answered ${answer.status}` };
    default:
      return unreachable(`answered ${answer.status}`);
  }
}

function readPerson(text: string, id: string, { schema, defaults }: Desk): DirectoryAnswer {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole body'))];
    return unreachable(`answered with something that is not a person (wrong: ${fields.join(', ')})`);
  }
  if (parsed.data.id !== id) return unreachable('answered with another person than was asked for');
  return parsePerson(parsed.data, defaults);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(detail: string): DirectoryAnswer {
  return { kind: 'unreachable', detail: `the directory ${detail}` };
}
