import { ServiceError } from '../../domain/errors.ts';
import type { ApiContext } from '../context.ts';
import type { DocumentName } from '../documents.ts';
import type { Exchange } from '../exchange.ts';
import type { Reply } from '../route.ts';

/** A handler that responds with a document that is made once, at its first request. */
export function getDocument(name: DocumentName) {
  return (exchange: Exchange, { documents }: ApiContext): Reply =>
    answerUnlessKnown(exchange, documents.read(name));
}

/** The page that explains a problem's code: the `type` of every problem leads here. */
export function getProblemPage(exchange: Exchange, { documents }: ApiContext): Reply {
  const page = documents.readProblem(exchange.params['code'] ?? '');
  if (page === undefined)
    throw new ServiceError('not-found', 'no problem has this code; see /docs for those there are');
  return answerUnlessKnown(exchange, page);
}

/** 304 without a body for who has it already (RFC 9110 §13.1.2: compared weakly, `*` is any). */
function answerUnlessKnown({ request }: Exchange, reply: Reply): Reply {
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  const validator = reply.headers['ETag'] ?? '';
  const isKnown = known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === validator);
  return isKnown ? { ...reply, status: 304, text: '' } : reply;
}
