/**
 * Writes `docs/map.md`, the picture of who imports whom, from the imports themselves. `--check` only compares, and
 * exits 1 when the file is not what it should be.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const mapFile = `${root}docs/map.md`;

const map = drawMap(await readEdges());
if (process.argv.includes('--check')) {
  const present = await readFile(mapFile, 'utf8').catch(() => '');
  if (present !== map) {
    console.error('docs/map.md is not what the imports say. Run: npm run generate:map');
    process.exitCode = 1;
  }
} else {
  await mkdir(`${root}docs`, { recursive: true });
  await writeFile(mapFile, map);
}

/** Every pair `from folder → to folder` with at least one import, tests left out, as sorted lines. */
async function readEdges(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(
    `${root}node_modules/.bin/depcruise`,
    ['--output-type', 'json', '--exclude', String.raw`\.test\.ts$`, 'src', 'workers'],
    // Its exit code counts broken rules, which is another step's business.
    { cwd: root, maxBuffer: 256 * 1024 * 1024 },
  ).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  const { modules }: Cruise = JSON.parse(stdout);
  const edges = new Set<string>();
  for (const { source, dependencies } of modules) {
    for (const { resolved } of dependencies) {
      const [from, to] = [folderOf(source), folderOf(resolved)];
      if (from !== undefined && to !== undefined && from !== to) edges.add(`  ${from} --> ${to}`);
    }
  }
  return [...edges].sort();
}

/** `src/gate/permit.ts` → `gate`, `src/main.ts` → `main`, `workers/guard.ts` → `workers`; not ours → `undefined`. */
function folderOf(path: string): string | undefined {
  const [top, next] = path.split('/');
  if (top === 'workers') return 'workers';
  return top === 'src' ? next?.replace(/\.ts$/, '') : undefined;
}

function drawMap(edges: readonly string[]): string {
  return `# Map

Which folder imports which, from the imports themselves (\`npm run generate:map\`; \`npm run check\` compares).
What is *allowed* stands in \`.dependency-cruiser.cjs\`. Every arrow points towards \`domain\`.

\`\`\`mermaid
flowchart LR
${edges.join('\n')}
\`\`\`
`;
}
