import { anySchema } from '../answers.ts';
import type { Command } from '../command.ts';
import type { Ending } from '../exit-codes.ts';
import { printRecord } from '../print-items.ts';

export const heldShow: Command = {
  name: 'held show',
  summary: 'one held message with its draft',
  args: [{ name: 'id', summary: 'id of the message' }],
  options: { html: { summary: 'also the HTML of a mail' } },
  run: async ({ api, print, need, isSet }): Promise<Ending> => {
    const item = await api.ask(anySchema, { path: `/api/held/${encodeURIComponent(need('id'))}` });
    print.show(item, () => printRecord(print, isSet('html') ? item : withoutHtml(item)));
    return 'done';
  },
};

/** A screen of markup hides the few lines that a person wants to read. */
function withoutHtml(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { draft } = item;
  if (typeof draft !== 'object' || draft === null || !('html' in draft)) return item;
  return { ...item, draft: { ...draft, html: '(--html shows it)' } };
}
