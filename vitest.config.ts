import { defineConfig } from 'vitest/config';

interface Layer {
  readonly name: string;
  readonly include: readonly string[];
  readonly testTimeoutMs: number;
  /** Files at a time; 1 where tests start processes of their own. Two cores is what we plan with. */
  readonly workersMax: number;
  /** False where the files of a worker share what they import: to import it anew costs them more than their tests do. */
  readonly isolate?: false;
  /** How many shards the stores have that `test/support` opens. */
  readonly shards?: number;
}

/** What runs with several shards too: accept, plan, gate, deliver, quarantine, reconcile, and what lists or changes their records. */
const onShards: readonly string[] = [
  'audit-chain',
  'control',
  'dead-letters',
  'diagnostics',
  'gate',
  'gate-attempt',
  'gate-model',
  'guard',
  'holds',
  'limits',
  'lineage',
  'newer-program',
  'one-message',
  'plan-event',
  'quarantine',
  'reconcile',
  'search-messages',
  'suppressions',
  'suspect-jobs',
  'traps',
  'unknowns',
];

/** The layers of tests. `npx vitest run --project <name>` runs one; `scripts/test` runs all. */
const layers: readonly Layer[] = [
  {
    name: 'unit',
    include: [
      'src/**/*.test.ts',
      'local/**/*.test.ts',
      'workers/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
      'test/model/**/*.test.ts',
    ],
    testTimeoutMs: 30_000,
    workersMax: 2,
    isolate: false,
  },
  { name: 'golden', include: ['test/golden/**/*.test.ts'], testTimeoutMs: 30_000, workersMax: 1 },
  { name: 'conformance', include: ['test/conformance/**/*.test.ts'], testTimeoutMs: 20_000, workersMax: 2 },
  {
    name: 'integration',
    include: ['test/integration/**/*.test.ts'],
    testTimeoutMs: 30_000,
    workersMax: 2,
    isolate: false,
  },
  {
    name: 'integration-4-shards',
    include: onShards.map((name) => `test/integration/${name}.test.ts`),
    testTimeoutMs: 30_000,
    workersMax: 2,
    isolate: false,
    shards: 4,
  },
  { name: 'regression', include: ['test/regression/**/*.test.ts'], testTimeoutMs: 20_000, workersMax: 2 },
  { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeoutMs: 60_000, workersMax: 2 },
  { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeoutMs: 120_000, workersMax: 2 },
  {
    name: 'faults-4-shards',
    include: ['stop-under-load', 'store-goes-back', 'storm'].map((name) => `test/faults/${name}.test.ts`),
    testTimeoutMs: 120_000,
    workersMax: 2,
    shards: 4,
  },
  // Not among the layers of `scripts/test` unless it is named: `npm run test:long`.
  { name: 'long', include: ['test/long/**/*.test.ts'], testTimeoutMs: 300_000, workersMax: 2 },
];

export default defineConfig({
  test: {
    projects: layers.map(
      ({ name, include, testTimeoutMs, workersMax, isolate = true, shards = 1 }, order) => ({
        test: {
          name,
          include: [...include],
          pool: 'forks',
          maxWorkers: workersMax,
          isolate,
          testTimeout: testTimeoutMs,
          hookTimeout: testTimeoutMs,
          // Projects with different pools run one after another, the quick ones first.
          sequence: { groupOrder: order },
          restoreMocks: true,
          unstubEnvs: true,
          // Nothing of the outer environment may decide how a test ends.
          env: { NODE_ENV: 'test', TZ: 'UTC', TEST_SHARDS: String(shards) },
        },
      }),
    ),
    dangerouslyIgnoreUnhandledErrors: false,
    teardownTimeout: 10_000,
  },
});
