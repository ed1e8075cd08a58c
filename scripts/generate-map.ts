/**
 * Writes `docs/map.md`, the picture of who imports whom, as dependency-cruiser draws it. `--check` only compares, and
 * exits 1 when the file is not what it should be.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRoot } from '../local/root.ts';

const mapFile = join(findRoot(), 'docs/map.md');
const only = ['--include-only', '^(src|workers)/', '--exclude', String.raw`\.test\.ts$`];
const folders = ['--collapse', '^(src/[^/]+|workers)', '--output-type', 'mermaid', 'src', 'workers'];
const depcruise = join(findRoot(), 'node_modules/.bin/depcruise');
const drawn = execFileSync(depcruise, [...only, ...folders], { cwd: findRoot(), encoding: 'utf8' });
// Arrows come in the order of the import lines, which is nothing to compare by.
const lines = drawn.trim().split('\n');
const arrows = lines.filter((line) => line.includes('-->')).toSorted();
const map = `# Map

Which folder imports which, from the imports themselves (\`npm run generate:map\`; \`npm run check\` compares).
What is *allowed* is in \`.dependency-cruiser.cjs\`. Every arrow points towards \`domain\`.

\`\`\`mermaid
${[...lines.filter((line) => !line.includes('-->')), ...arrows].join('\n')}
\`\`\`
`;

if (!process.argv.includes('--check')) writeFileSync(mapFile, map);
else if (readFileSync(mapFile, 'utf8') !== map) {
  console.error('docs/map.md is not what the imports say. Run: npm run generate:map');
  process.exitCode = 1;
}
