import type { CallerEnvironment, Ports, Program } from './environment.ts';
import type { Report } from './report.ts';

/** A server or process of the local stack. */
export interface StackComponent {
  readonly name: string;
  stop(): Promise<unknown>;
  /** Makes it unreachable until `restore`. Absent for the product's own processes. */
  interrupt?(): Promise<unknown>;
  restore?(): Promise<unknown>;
}

/** A component that ended although nobody asked it to. */
export interface Crash {
  readonly name: string;
  readonly how: string;
  readonly lastLines: readonly string[];
}

/** A component did not start. The message gives its last output and the repair. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export interface StackOptions {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly caller: CallerEnvironment;
  readonly programs: readonly Program[];
  readonly report: Report;
}
