import type { Exchange } from './exchange.ts';
import type { RouteRow } from './route-row.ts';

/** One row of the route table. `C` is what its handler needs besides the exchange. */
export interface Route<C> extends RouteRow {
  readonly handle: (exchange: Exchange, context: C) => Reply | Promise<Reply>;
}

/** A response, before it is written. */
export interface Reply {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A JSON response; by default nobody may keep it. */
export function replyJson(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, mediaType: 'application/json; charset=utf-8', text: JSON.stringify(value), headers };
}
