import { readFileSync } from 'node:fs';
import type { Measurement, Scale } from './benchmark.ts';
import type { Machine } from './machine.ts';
import { type Figure, toFigure } from './statistics.ts';

/** What one run measured, and on what. */
export interface Result {
  /** ISO 8601, when it began. */
  readonly at: string;
  readonly commit: string;
  readonly command: string;
  readonly machine: Machine;
  readonly scale: Scale;
  readonly figures: readonly Figure[];
  /** What could not be measured, and why. */
  readonly failed: readonly string[];
}

/**
 * As it is kept: a figure is a line, with its rounds and the verdict. What else follows from the rounds is worked out anew
 * when it is read.
 */
export function formatResult({ figures, ...head }: Result): string {
  const lines = figures.map((figure) => `    ${JSON.stringify(toKept(figure))}`).join(',\n');
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "figures": [\n${lines}\n  ]\n}\n`;
}

function toKept(figure: Figure): object {
  const { what, point, unit, better, ours, theirs, against, target, verdict, isWide } = figure;
  const rounds = { ours: ours.map(round), theirs: theirs?.map(round) };
  return { what, point, unit, better, ...rounds, against, target, verdict, isWide };
}

/** Throws when it is not there, or a figure in it is none. */
export function readResult(file: string): Result {
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Omit<Result, 'figures'> & { figures: Measurement[] };
  return { ...kept, figures: kept.figures.map(toFigure) };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
