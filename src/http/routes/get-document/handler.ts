import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { DocumentName } from '../../documents.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';

/** A handler that answers a document made once, at its first request. */
export function getDocument(name: DocumentName) {
  return (_exchange: Exchange, { documents }: ApiContext): Reply => documents.read(name);
}

/** The page that explains a problem's code: the `type` of every problem leads here. */
export function getProblemPage({ params }: Exchange, { documents }: ApiContext): Reply {
  const page = documents.readProblem(params['code'] ?? '');
  if (page === undefined)
    throw new ServiceError('not-found', 'no problem has this code; see /docs for those there are');
  return page;
}
