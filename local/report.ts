/** Prints what happens: one aligned line a step, and the elapsed time of whatever takes longer than two seconds. */
export interface Report {
  /** Runs `work` and prints `✓ name  what-it-became`, or `✗ name` before it rejects. */
  step<T>(name: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T>;
  good(name: string, detail: string): void;
  bad(name: string, detail: string): void;
  say(line?: string): void;
  title(line: string): void;
}

export interface ReportStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const nameWidth = 22;
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

/** A report on a terminal has colours and a spinner, unless `NO_COLOR` is set; anywhere else it is plain lines. */
export function createReport(
  stream: ReportStream,
  environment: Readonly<Record<string, string | undefined>>,
): Report {
  const isTerminal = stream.isTTY === true;
  const hasColour = isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  const paint = (code: number, text: string): string =>
    hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
  const say = (line = ''): void => void stream.write(`${line}\n`);
  const row = (sign: string, name: string, detail: string): void =>
    say(`  ${sign} ${name.padEnd(nameWidth)} ${detail}`.trimEnd());
  const good = (name: string, detail: string): void => row(paint(32, '✓'), name, detail);
  const bad = (name: string, detail: string): void => row(paint(31, '✗'), name, detail);
  return {
    step: async (name, work, describe) => {
      const stop = isTerminal ? spin(stream, name) : printElapsed(say, name);
      try {
        const value = await work();
        stop();
        good(name, describe(value));
        return value;
      } catch (error) {
        stop();
        bad(name, 'failed');
        throw error;
      }
    },
    good,
    bad,
    say,
    title: (line) => say(`\n${paint(1, line)}`),
  };
}

function spin(stream: ReportStream, name: string): () => void {
  const startedAt = Date.now();
  const timer = setInterval(() => {
    const ms = Date.now() - startedAt;
    const seconds = ms < 2000 ? '' : `${Math.floor(ms / 1000)} s`;
    stream.write(`\r  ${frames[Math.floor(ms / 80) % frames.length]} ${name.padEnd(nameWidth)} ${seconds}`);
  }, 80);
  return () => {
    clearInterval(timer);
    stream.write('\r\u001b[2K');
  };
}

function printElapsed(say: (line: string) => void, name: string): () => void {
  const startedAt = Date.now();
  const print = (): void =>
    say(`  … ${name.padEnd(nameWidth)} ${Math.round((Date.now() - startedAt) / 1000)} s`);
  let timer = setTimeout(() => {
    print();
    timer = setInterval(print, 5000);
  }, 2000);
  return () => clearTimeout(timer);
}
