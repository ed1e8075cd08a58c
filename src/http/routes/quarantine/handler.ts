import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf } from '../../operator.ts';
import {
  quarantineDiscardSchema,
  quarantineJudgeSchema,
  quarantineQuerySchema,
} from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** A page of events that nobody could judge yet, how full the quarantine is, and its bounds. */
export async function getQuarantine(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.quarantine.list(parseQuery(exchange, quarantineQuerySchema)));
}

/** Judges what can be judged, without waiting for the turn of the judge. */
export async function postQuarantineJudge(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, quarantineJudgeSchema);
  return replyJson(200, await services.quarantine.judge(order, operatorOf(exchange)));
}

/** Ends quarantined events without a verdict; by default only tells what that would do. */
export async function postQuarantineDiscard(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, quarantineDiscardSchema);
  return replyJson(200, await services.quarantine.discard(order, operatorOf(exchange)));
}
