import { putNewest } from '../domain/put-newest.ts';
import type { DirectoryResult } from '../domain/recipient.ts';
import { awaitUnlessAborted } from '../outbound/await-unless-aborted.ts';
import { type BoundedResponse, fetchBounded } from '../outbound/fetch-bounded.ts';
import { parseServiceUrl } from '../outbound/parse-service-url.ts';
import { createPersonSchema, type Directory, parsePerson } from './directory.ts';

/** The service's own token. `refused` just got a 401 and is not wanted again. Never throws. */
export type ReadToken = (
  signal: AbortSignal,
  refused?: string,
) => Promise<
  | { readonly kind: 'ready'; readonly token: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
>;

export interface HttpDirectoryOptions {
  /** People are read at `{baseUrl}/students/{id}`. */
  readonly baseUrl: string;
  /** The field of a response that holds the person's id. */
  readonly idField: string;
  /** Local runs only. */
  readonly allowHttp?: boolean;
  readonly readToken: ReadToken;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** For one request; a look-up makes two at most. */
  readonly timeoutMs?: number;
}

const responseBytesMax = 64 * 1024;
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
  const lookUp = async (id: string): Promise<DirectoryResult> => {
    // "." and ".." survive percent-encoding and would name another resource.
    if (id === '' || id.length > idCharsMax || /^\.+$/.test(id)) return { kind: 'not-found' };
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/+$/, '')}/students/${encodeURIComponent(id)}`;
    let { result, token } = await request(url, options);
    if (token !== undefined && result.kind === 'answered' && result.status === 401)
      ({ result } = await request(url, options, token));
    return readResponse(result, id, schema);
  };
  return cacheResults(lookUp, options.now);
}

async function request(
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
  return { result: await fetchBounded({ url, headers, timeoutMs, responseBytesMax }), token: own.token };
}

type PersonSchema = ReturnType<typeof createPersonSchema>;

function readResponse(result: BoundedResponse, id: string, schema: PersonSchema): DirectoryResult {
  if (result.kind === 'failed') return unreachable(result.detail);
  switch (result.status) {
    case 200:
      return readPerson(result.text, id, schema);
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

function readPerson(text: string, id: string, schema: PersonSchema): DirectoryResult {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole body'))];
    return unreachable(`answered with something that is not a person (wrong: ${fields.join(', ')})`);
  }
  if (parsed.data.id !== id) return unreachable('answered with another person than was asked for');
  return parsePerson(parsed.data);
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

const foundMs = 60_000;
/** For `not-found`, `refused` and what has remarks, which somebody may be correcting right now. */
const negativeMs = 10_000;

/**
 * Looks up one person once at a time and not again for a short while; `unreachable` is never cached. `lookUp` must
 * settle within a bounded time and never reject: it goes on when one of its callers gives up.
 */
export function cacheResults(
  lookUp: (id: string) => Promise<DirectoryResult>,
  now: () => number,
  entriesMax = 10_000,
): Directory {
  const entries = new Map<string, { readonly result: DirectoryResult; readonly keepUntil: number }>();
  const pending = new Map<string, Promise<DirectoryResult>>();
  const lookUpAndCache = async (id: string): Promise<DirectoryResult> => {
    try {
      const result = await lookUp(id);
      entries.delete(id);
      if (result.kind === 'unreachable') return result;
      const isWhole = result.kind === 'found' && result.remarks === undefined;
      putNewest(entries, id, { result, keepUntil: now() + (isWhole ? foundMs : negativeMs) }, entriesMax);
      return result;
    } finally {
      pending.delete(id);
    }
  };

  return {
    lookUpRecipient: async (id, signal) => {
      const cached = entries.get(id);
      if (cached !== undefined && now() < cached.keepUntil) return cached.result;
      const work = pending.get(id) ?? lookUpAndCache(id);
      pending.set(id, work);
      const abandoned = { kind: 'unreachable', detail: 'the look-up was abandoned' } as const;
      return awaitUnlessAborted<DirectoryResult>(work, signal, abandoned);
    },
  };
}
