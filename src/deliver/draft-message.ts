import { groupOf } from '../gate/select-messages.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { type Draft, RenderError } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';

/** What would be sent if the message left now. Throws `RenderError`: a fault of template or data that no retry mends. */
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

/** What would be sent of a message that has not ended for good: as it was kept, else rendered now. */
export function viewDraft(renderer: Pick<Renderer, 'render'>, message: MessageRecord) {
  const { id, state, draft } = message;
  const view = { message_id: id as string, state };
  if (groupOf(state) === 'ended') return undefined;
  if (draft !== undefined && draft !== '') return { ...view, draft: JSON.parse(draft) as unknown };
  try {
    return { ...view, draft: draftMessage(renderer, message) as unknown };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    return { ...view, draft: null, fault: error.message };
  }
}
