import { z } from 'zod';
import { CommandError, type Problem } from './exit-codes.ts';
import { howToGetToken } from './find-token.ts';

/** The service's HTTP API. */
export interface Api {
  readonly baseUrl: string;
  /** The response. Throws `CommandError`: `unreachable`, `not-allowed`, or `refused` with the problem. */
  ask<Schema extends z.ZodType>(schema: Schema, request: ApiRequest): Promise<z.infer<Schema>>;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Added to the usual time, for a response that waits on purpose. */
  readonly waitMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiOptions {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  /** Asked once, when the first request needs it. */
  readonly findToken: () => Promise<string>;
}

/** Calls the API with the operator's token. Redirects are never followed: the token is for this address only. */
export function createApi({ baseUrl, timeoutMs, findToken }: ApiOptions): Api {
  let token: Promise<string> | undefined;
  return {
    baseUrl,
    ask: async (schema, request) => {
      token ??= findToken();
      const result = await exchange(toUrl(baseUrl, request), request, {
        token: await token,
        timeoutMs: timeoutMs + (request.waitMs ?? 0),
      });
      if (result.status < 200 || result.status > 299) throw toRefusal(result);
      const parsed = schema.safeParse(result.body);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
      throw new CommandError(
        'refused',
        `${request.path} answered ${result.status} with something else than expected${where}. Is this the right address, and the same version? ${baseUrl}`,
      );
    },
  };
}

/** A part of a screen: read, or why not. One part that fails must not hide the others. */
export type Part<Value> = { readonly value: Value } | { readonly fault: string };

/** Reads a part; `mayFail` tells which refusals only cost this part. */
export async function readPart<Schema extends z.ZodType>(
  api: Api,
  schema: Schema,
  request: ApiRequest,
  mayFail: (error: CommandError) => boolean = () => true,
): Promise<Part<z.infer<Schema>>> {
  try {
    return { value: await api.ask(schema, request) };
  } catch (error) {
    if (error instanceof CommandError && mayFail(error)) return { fault: error.message };
    throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function exchange(
  url: URL,
  request: ApiRequest,
  { token, timeoutMs }: { token: string; timeoutMs: number },
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: request.method ?? 'GET',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  } catch (error) {
    throw new CommandError(
      'unreachable',
      `The service at ${url.origin} ${describeFailure(error, timeoutMs)}.`,
    );
  }
}

function toUrl(baseUrl: string, { path, query }: ApiRequest): URL {
  const url = new URL(`${baseUrl}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function describeFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `did not answer within ${timeoutMs} ms`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return code === '' ? 'broke the connection' : `could not be reached (${code})`;
}

const problemSchema = z.object({
  code: z.string(),
  title: z.string().default(''),
  detail: z.string().default(''),
  request_id: z.string().optional(),
  epoch: z.number().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

function toRefusal({ status, body }: Answer): CommandError {
  const parsed = problemSchema.safeParse(body);
  const problem: Problem = parsed.success
    ? { ...parsed.data, status }
    : { status, code: '', title: 'it does not say why', detail: '' };
  const faults = (problem.errors ?? [])
    .map(({ pointer, detail }) => `\n  ${pointer || '/'}: ${detail}`)
    .join('');
  const id = problem.request_id === undefined ? '' : `\nrequest ${problem.request_id}`;
  const words = [problem.title, problem.detail].filter((text) => text !== '').join(': ');
  return new CommandError(
    status === 401 || status === 403 ? 'not-allowed' : 'refused',
    `The service answered ${status}. ${words}${faults}${id}${status === 401 ? `\nThe token is not good, or not any more. ${howToGetToken}` : ''}`,
    problem,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
