import { groupOf } from '../domain/message.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { type Draft, RenderError } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';

/** What would be sent if the message left now. Throws `RenderError`: an error of template or data that no retry repairs. */
export function draftMessage(renderer: Pick<Renderer, 'render'>, message: MessageRecord): Draft {
  return renderer.render({
    template: message.type,
    channel: message.channel,
    locale: message.locale,
    timeZone: message.timeZone,
    data: message.data,
    recipient: message.name === undefined ? {} : { name: message.name },
  });
}

/**
 * What would be sent of a message that has not ended for good: as it was kept, else rendered now; `fault` says why it
 * cannot be rendered. Undefined: nothing is left to send.
 */
export function draftUnlessEnded(
  renderer: Pick<Renderer, 'render'>,
  message: MessageRecord,
): { readonly draft: unknown; readonly fault?: string } | undefined {
  const { state, draft } = message;
  if (groupOf(state) === 'ended') return undefined;
  if (draft !== undefined && draft !== '') return { draft: JSON.parse(draft) as unknown };
  try {
    return { draft: draftMessage(renderer, message) };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    return { draft: null, fault: error.message };
  }
}
