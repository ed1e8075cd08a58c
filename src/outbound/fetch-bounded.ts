export interface BoundedRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange, up to the last byte of the response. */
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
}

export type BoundedResponse =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Lower case, without parameters; empty when the header is missing. */
      readonly contentType: string;
      readonly text: string;
    }
  | { readonly kind: 'failed'; readonly detail: string };

/**
 * One HTTP exchange that is bounded in time and size, follows no redirect and never throws: what another
 * service sends is not trusted (OWASP API 10). Connections are kept alive between calls.
 * `detail` is for people and holds neither headers nor body.
 */
export async function fetchBounded(request: BoundedRequest): Promise<BoundedResponse> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  try {
    return await exchange(request, deadline);
  } catch (error) {
    const isLate = deadline.aborted;
    const detail = isLate ? `did not answer within ${request.timeoutMs} ms` : describeFailure(error);
    return { kind: 'failed', detail };
  }
}

/** The text as JSON; `undefined` when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function exchange(request: BoundedRequest, signal: AbortSignal): Promise<BoundedResponse> {
  const result = await fetch(request.url, {
    method: request.method ?? 'GET',
    headers: { ...request.headers },
    redirect: 'manual',
    signal,
    ...(request.body === undefined ? {} : { body: request.body }),
  });
  if (result.status >= 300 && result.status < 400) {
    await result.body?.cancel();
    return { kind: 'failed', detail: `answered ${result.status}, a redirect, which is never followed` };
  }
  const text = await readText(result, request.responseBytesMax);
  if (text === undefined) {
    return { kind: 'failed', detail: `answered with more than ${request.responseBytesMax} bytes` };
  }
  const [contentType = ''] = (result.headers.get('content-type') ?? '').split(';');
  return { kind: 'answered', status: result.status, contentType: contentType.trim().toLowerCase(), text };
}

/** The body as text, without a byte-order mark (RFC 8259 §8.1), or `undefined` as soon as it is known to be larger than allowed; the rest is not read. */
async function readText(result: Response, bytesMax: number): Promise<string | undefined> {
  if (result.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream, which closes the connection. Counted after decompression.
  for await (const chunk of result.body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function describeFailure(error: unknown): string {
  // undici says "fetch failed" and keeps the reason in `cause`.
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return code === '' ? 'broke the connection' : `could not be reached (${code})`;
}
