import type { DirectoryResult } from '../domain/recipient.ts';
import { type BoundedResponse, fetchBounded } from '../outbound/fetch-bounded.ts';
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

async function lookUp(id: string, options: Desk): Promise<DirectoryResult> {
  // "." and ".." survive percent-encoding and would name another resource.
  if (id === '' || id.length > idCharsMax || /^\.+$/.test(id)) return { kind: 'not-found' };
  const url = new URL(options.base);
  url.pathname = `${options.base.pathname.replace(/\/+$/, '')}/students/${encodeURIComponent(id)}`;
  const first = await ask(url, options);
  if (first.token === undefined || !isUnauthorised(first.result))
    return readResponse(first.result, id, options);
  const second = await ask(url, options, first.token);
  return readResponse(second.result, id, options);
}

async function ask(
  url: URL,
  options: HttpDirectoryOptions,
  refused?: string,
): Promise<{ result: BoundedResponse; token?: string }> {
  const timeoutMs = options.timeoutMs ?? 3_000;
  const own = await options.readToken(AbortSignal.timeout(timeoutMs), refused);
  if (own.kind === 'unavailable') {
    return {
      result: { kind: 'failed', detail: `could not be asked, for want of a token of our own: ${own.detail}` },
    };
  }
  const headers = { accept: 'application/json', authorization: `Bearer ${own.token}` };
  return { result: await fetchBounded({ url, headers, timeoutMs, answerBytesMax }), token: own.token };
}

function isUnauthorised(result: BoundedResponse): boolean {
  return result.kind === 'answered' && result.status === 401;
}

function readResponse(result: BoundedResponse, id: string, options: Desk): DirectoryResult {
  if (result.kind === 'failed') return unreachable(result.detail);
  switch (result.status) {
    case 200:
      return readPerson(result.text, id, options);
    case 404:
      // A web page comes from a proxy or a wrong address: believing it would end every event as "not found".
      return result.contentType === 'text/html'
        ? unreachable('answered 404 with a web page: check that DIRECTORY_URL is the base of its API')
        : { kind: 'not-found' };
    case 401:
      return unreachable('refused our own token twice (401): check the audience and scope of the M2M client');
    case 403:
    case 410:
    case 451:
      return { kind: 'refused', detail: `the directory answered ${result.status}` };
    default:
      return unreachable(`answered ${result.status}`);
  }
}

function readPerson(text: string, id: string, { schema, defaults }: Desk): DirectoryResult {
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

function unreachable(detail: string): DirectoryResult {
  return { kind: 'unreachable', detail: `the directory ${detail}` };
}
