import type { CallerEnvironment, Ports, Program } from './environment.ts';
import type { Report } from './report.ts';

/** Something that runs and can be stopped. */
export interface StandPart {
  readonly name: string;
  stop(): Promise<unknown>;
  /** Nobody answers in its place, until `comeBack`. Only of what the product talks to. */
  goAway?(): Promise<unknown>;
  comeBack?(): Promise<unknown>;
}

/** A part that ended although nobody asked it to. */
export interface Crash {
  readonly name: string;
  readonly how: string;
  readonly lastLines: readonly string[];
}

/** A part that could not be started, with what it said and the repair. */
export class StartFault extends Error {
  override readonly name = 'StartFault';
}

export interface StandOptions {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly caller: CallerEnvironment;
  readonly programs: readonly Program[];
  readonly report: Report;
}
