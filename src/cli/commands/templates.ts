import { join } from 'node:path';
import { checkTemplates, previewTemplate } from '../../plan/check-templates.ts';
import type { Draft } from '../../render/rendered.ts';
import { formatTemplateError, InvalidTemplatesError } from '../../render/template-error.ts';
import type { Call, Command, Option } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';

const dir: Option = {
  value: 'DIR',
  isFile: true,
  summary: 'the catalog (else TEMPLATES_DIR, else that of the program)',
};

export const templates: readonly Command[] = [
  {
    name: 'template preview',
    summary: 'what a template makes of its own sample',
    args: [{ name: 'type', summary: 'event type, the name of its folder' }],
    options: {
      dir,
      locale: { value: 'LOCALE', summary: 'for example fr' },
      html: { summary: 'only the HTML part, to be opened in a browser' },
    },
    examples: [
      'acc template preview deadline_approaching --locale fr',
      'acc template preview receipt --html > receipt.html',
    ],
    run: preview,
  },
  {
    name: 'template check',
    summary: 'compile every template and render its sample, as the service does when it starts',
    options: { dir },
    run: check,
  },
];

function preview(call: Call): Ending {
  const { print } = call;
  const drafts = readDrafts(call);
  if (call.isSet('html')) {
    const [html] = drafts.flatMap((draft) => ('html' in draft ? [draft.html] : []));
    if (html === undefined) throw new CommandError('refused', 'This template has no HTML part.');
    print.raw(html);
    return 'done';
  }
  print.show(drafts, () => {
    for (const draft of drafts)
      print.say(
        `${print.paint('bold', draft.channel)}${''.padEnd(7 - draft.channel.length)}${describe(draft)}`,
      );
  });
  return 'done';
}

function describe(draft: Draft): string {
  switch (draft.channel) {
    case 'email':
      return `${draft.subject}\n\n${draft.text}`;
    case 'sms':
      return `${draft.segments} segment(s), ${draft.encoding}\n\n${draft.body}\n`;
    default:
      return draft satisfies never;
  }
}

function readDrafts(call: Call) {
  try {
    return previewTemplate(findDir(call), call.need('type'), call.text('locale'));
  } catch (error) {
    if (error instanceof Error) throw new CommandError('refused', error.message, undefined, error);
    throw error;
  }
}

function check(call: Call): Ending {
  const faults = readFaults(findDir(call));
  call.print.show({ ok: faults.length === 0, faults }, () => {
    for (const fault of faults) call.print.say(formatTemplateError(fault));
    call.print.say(faults.length === 0 ? 'every template is fit to send' : `\n${faults.length} fault(s)`);
  });
  return faults.length === 0 ? 'done' : 'refused';
}

function readFaults(folder: string) {
  try {
    return checkTemplates(folder);
  } catch (error) {
    if (error instanceof InvalidTemplatesError) return error.errors;
    const detail = error instanceof Error ? error.message : String(error);
    throw new CommandError('refused', `The catalog ${folder} cannot be read: ${detail}`, undefined, error);
  }
}

function findDir(call: Call): string {
  return call.text('dir') ?? call.environment['TEMPLATES_DIR'] ?? join(call.programRoot, 'templates');
}
