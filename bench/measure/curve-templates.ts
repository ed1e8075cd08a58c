import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRoot } from '../../local/root.ts';
import type { Benchmark } from '../benchmark.ts';
import { createCurve } from '../curve.ts';
import { makeEvent } from '../start-stacks.ts';

const original = 'new_match_found';
const templatesDir = join(findRoot(), 'templates');
const ownTemplates = readdirSync(templatesDir, { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && !entry.name.startsWith('_'),
).length;

/** Event types with templates of their own: those of the tree, and copies of one of them, which all events are for. */
export const curveTemplates: Benchmark = {
  name: 'curve-templates',
  measure: async (scale) => {
    const dir = mkdtempSync(join(tmpdir(), 'bench-templates-'));
    try {
      return await createCurve({
        name: 'curve-templates',
        over: 'templates',
        base: ownTemplates,
        points: { full: [100], quick: [10] },
        environment: (at) => (at === ownTemplates ? {} : { TEMPLATES_DIR: copyTemplates(dir, at) }),
        arrange: async (_service, at) => {
          const types = [original, ...listCopies(at)];
          let made = 0;
          return { makeBody: () => makeEvent(undefined, types[made++ % types.length]) };
        },
      }).measure(scale);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
};

function copyTemplates(dir: string, count: number): string {
  const to = join(dir, String(count));
  cpSync(templatesDir, to, { recursive: true });
  for (const name of listCopies(count)) cpSync(join(to, original), join(to, name), { recursive: true });
  return to;
}

function listCopies(count: number): readonly string[] {
  return Array.from({ length: count - ownTemplates }, (_, index) => `${original}_${index}`);
}
