/**
 * The direction of imports: the table of the architecture, one line a folder. What is not listed is forbidden,
 * for types as for values. Tests beside the code may import what they need.
 */
const stages = ['identity', 'ingest', 'plan', 'render', 'gate', 'deliver', 'providers', 'watchdog'];
const mayImport = {
  domain: [],
  observe: ['domain'],
  config: ['domain'],
  runtime: ['domain'],
  outbound: ['domain'],
  store: ['config', 'domain'],
  queue: ['store', 'observe', 'domain'],
  render: ['observe', 'domain'],
  providers: ['observe', 'domain'],
  identity: ['outbound', 'store', 'observe', 'domain'],
  plan: ['outbound', 'store', 'queue', 'render', 'observe', 'domain'],
  ingest: ['plan', 'store', 'queue', 'observe', 'domain'],
  gate: ['store', 'queue', 'observe', 'domain'],
  deliver: ['gate', 'render', 'providers', 'store', 'queue', 'observe', 'domain'],
  watchdog: ['gate', 'outbound', 'store', 'observe', 'domain'],
  operator: [...stages, 'queue', 'store', 'observe', 'domain'],
  http: [...stages, 'operator', 'observe', 'domain'],
  cli: [...stages, 'operator', 'outbound', 'store', 'config', 'observe', 'domain'],
  compose: [
    ...stages,
    'operator',
    'http',
    'outbound',
    'queue',
    'store',
    'runtime',
    'config',
    'observe',
    'domain',
  ],
};

/** Packages that only these folders use. Others may name their types, for a client that is handed to them. */
const ownedPackages = {
  bullmq: ['queue'],
  ioredis: ['store', 'queue'],
  nodemailer: ['providers'],
  jose: ['identity'],
  handlebars: ['render'],
  express: ['http'],
  helmet: ['http'],
  pino: ['observe'],
  'prom-client': ['observe'],
};

const test = String.raw`\.test\.ts$`;
const folders = Object.keys(mayImport);

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing, or hide a third: name it and give it a file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...folders.map((folder) => ({
      name: `${folder}-imports`,
      comment: `src/${folder} may import: ${mayImport[folder].join(', ') || 'nothing'}.`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: test },
      to: {
        path: '^(src|workers|local|test|scripts|bench)/',
        pathNot: `^src/(${[folder, ...mayImport[folder]].join('|')})/`,
      },
    })),
    {
      name: 'domain-is-pure',
      comment: 'src/domain imports nothing but itself: no package and nothing of Node.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: test },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'ingest-knows-the-catalog-only',
      comment: 'Of the planner, ingest may use the catalog, to check events at the door.',
      severity: 'error',
      from: { path: '^src/ingest/', pathNot: test },
      to: { path: '^src/plan/', pathNot: '^src/plan/[a-z-]*catalog' },
    },
    {
      name: 'entries-are-thin',
      comment: 'src/main.ts and workers/*.ts only start what src/compose builds.',
      severity: 'error',
      from: { path: '^(src/main\\.ts|workers/)', pathNot: test },
      to: { path: '^(src|local|test|scripts|bench)/', pathNot: '^src/(compose|runtime)/' },
    },
    {
      name: 'every-folder-has-a-direction',
      comment: 'A new folder under src needs its line in the table above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${folders.join('|')})/` },
      to: {},
    },
    ...Object.entries(ownedPackages).map(([name, owners]) => ({
      name: `only-${owners.join('-and-')}-uses-${name}`,
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: `^src/(${owners.join('|')})/|${test}` },
      to: { path: `node_modules/(@types/)?${name}/`, dependencyTypesNot: ['type-only'] },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    reporterOptions: { mermaid: { minify: false } },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
