import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** The process answers, so it lives. Nothing else is asked: a store that blinks must not restart every process. */
export function getLivez(): Reply {
  return replyJson(200, { status: 'alive' });
}
