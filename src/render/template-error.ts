/** An error in a template folder, with its place and its repair. */
export interface TemplateError {
  readonly file: string;
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** What is wrong and how to repair it. */
  readonly detail: string;
}

/** The templates cannot be used: every error found, so that one look is enough to repair them all. Stops the start. */
export class InvalidTemplatesError extends Error {
  override readonly name = 'InvalidTemplatesError';
  readonly errors: readonly TemplateError[];

  constructor(errors: readonly TemplateError[]) {
    super(
      `The templates have ${errors.length} error(s):\n${errors.map((one) => `  ${formatTemplateError(one)}`).join('\n')}`,
    );
    this.errors = errors;
  }
}

/** What `load` returns; `undefined` when it throws `InvalidTemplatesError`, whose errors are added to `errors`. */
export function collectErrors<T>(errors: TemplateError[], load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof InvalidTemplatesError)) throw error;
    errors.push(...error.errors);
    return undefined;
  }
}

/** `templates/welcome/email.html.hbs:4:7: …`, the form that editors and terminals turn into a link. */
export function formatTemplateError({ file, line, column, detail }: TemplateError): string {
  return `${[file, line, column].filter((part) => part !== undefined).join(':')}: ${detail}`;
}
