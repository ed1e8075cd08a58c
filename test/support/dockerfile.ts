/** One instruction of a Dockerfile, with its continued lines joined. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly text: string;
}

/** A stage: from one FROM to the next. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** What `ARG NAME=value` before the first stage sets. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

export interface Copy {
  readonly fromStage?: string;
  readonly sources: readonly string[];
  readonly target: string;
}

/** Reads as much of a Dockerfile as ours has: no heredocs, no escapes but a line's end. Throws on a line it cannot read. */
export function parseDockerfile(text: string): Dockerfile {
  const defaults: Record<string, string> = {};
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const { name, text: rest } of listInstructions(text)) {
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [from = '', , alias = ''] = rest.split(/\s+/);
      stages.push({ name: alias, from: fillIn(from, defaults), instructions: [] });
    } else if (stage !== undefined) stage.instructions.push({ name, text: rest });
    else if (name === 'ARG') Object.assign(defaults, Object.fromEntries([splitAt(rest, '=')]));
    else throw new Error(`${name} stands before the first FROM`);
  }
  return { defaults, stages };
}

/** The COPY instructions of a stage, in order. */
export function listCopies(stage: Stage): readonly Copy[] {
  return stage.instructions
    .filter(({ name }) => name === 'COPY')
    .map(({ text }) => {
      const words = text.split(/\s+/);
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      const paths = words.filter((word) => !word.startsWith('--'));
      const head = from === undefined ? {} : { fromStage: from };
      return { ...head, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

function listInstructions(text: string): readonly Instruction[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const match = /^([A-Z]+)\s+(.+)$/.exec(line);
      if (match === null) throw new Error(`not an instruction: ${line}`);
      return { name: match[1] ?? '', text: match[2] ?? '' };
    });
}

function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => values[name] ?? '');
}

function splitAt(text: string, mark: string): [string, string] {
  const [head = '', ...rest] = text.split(mark);
  return [head, rest.join(mark)];
}
