/**
 * `npm run build`: compiles to `dist/` with tsc, puts beside the result what is read at run time and is not TypeScript
 * (Lua scripts, pages, fixtures), and makes one file of each program of the product: a process that reads one file
 * instead of a thousand is up in half the time. Exit 1 when a type does not fit.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['src', 'workers', 'local'];

// What was renamed or removed must not live on in dist/.
for (const folder of folders) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
const tsc = join(root, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const folder of folders.filter((name) => existsSync(join(root, name)))) {
  cpSync(join(root, folder), join(root, 'dist', folder), { recursive: true, filter: isReadAtRunTime });
}
if (status === 0) await Promise.all(listPrograms().map(bundleProgram));
process.exitCode = status === 0 ? 0 : 1;

/** Folders are walked; of the files, sources and documents stay behind. */
function isReadAtRunTime(path: string): boolean {
  return !['.ts', '.md'].includes(extname(path));
}

/** Compiled programs of the product. The local stack keeps its many files: it starts once. */
function listPrograms(): readonly string[] {
  const workers = readdirSync(join(root, 'dist', 'workers')).filter((name) => name.endsWith('.js'));
  return ['src/main.js', 'src/cli/main.js', ...workers.map((name) => `workers/${name}`)].map((path) =>
    join(root, 'dist', path),
  );
}

/** Puts everything that the program imports, packages too, into its own file. */
async function bundleProgram(program: string): Promise<void> {
  await build({
    entryPoints: [program],
    outfile: program,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    // Packages in CommonJS ask for the modules of Node with it.
    banner: {
      js: "import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);",
    },
    plugins: [keepModuleUrls(program), leavePackagesUnmapped()],
  });
}

/**
 * Packages have no part in the source map. Node reads the whole map of a program at the first stack trace and keeps it:
 * with all packages that was 45 MB more of each process.
 */
function leavePackagesUnmapped(): Plugin {
  const emptyMap = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');
  return {
    name: 'leave-packages-unmapped',
    setup: (building) => {
      building.onLoad({ filter: /[/\\]node_modules[/\\].*\.[cm]?js$/ }, async ({ path }) => ({
        contents: `${await readFile(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${emptyMap}`,
        loader: 'js',
      }));
    },
  };
}

/** What a module reads lies beside where it was, and not beside the one file that it has become a part of. */
function keepModuleUrls(program: string): Plugin {
  return {
    name: 'keep-module-urls',
    setup: (building) => {
      building.onLoad({ filter: /[/\\]dist[/\\](src|workers)[/\\].*\.js$/ }, async ({ path }) => {
        const place = JSON.stringify(relative(dirname(program), path));
        const text = await readFile(path, 'utf8');
        return { contents: text.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`) };
      });
    },
  };
}
