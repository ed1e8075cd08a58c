/** One thing wrong in a template folder, with its place and its repair. */
export interface TemplateFault {
  readonly file: string;
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** What is wrong and how to mend it. */
  readonly detail: string;
}

/** The templates cannot be used: every fault found, so that one look is enough to mend them all. Stops the start. */
export class TemplateFaultsError extends Error {
  readonly faults: readonly TemplateFault[];

  constructor(faults: readonly TemplateFault[]) {
    super(
      `The templates have ${faults.length} fault(s):\n${faults.map((fault) => `  ${formatFault(fault)}`).join('\n')}`,
    );
    this.name = 'TemplateFaultsError';
    this.faults = faults;
  }
}

/** `templates/welcome/email.html.hbs:4:7: …`, the form that editors and terminals turn into a link. */
export function formatFault({ file, line, column, detail }: TemplateFault): string {
  return `${[file, line, column].filter((part) => part !== undefined).join(':')}: ${detail}`;
}
