import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { findRoot } from '../../local/root.ts';
import { type Manifest, parseManifests, readManifests } from '../support/manifests.ts';

const root = findRoot();
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test.for(['staging', 'production'])(
  'kubectl renders %s, each name and image as a cluster would get it',
  (overlay, context) => {
    context.skip(!hasKubectl, 'no kubectl on this machine');
    const { status, stdout, stderr } = spawnSync(
      'kubectl',
      ['kustomize', join(root, 'k8s/overlays', overlay)],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const rendered = parseManifests(stdout, overlay);
    const settings = rendered.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('settings-'),
    );
    const deployments = rendered.filter(({ kind }) => kind === 'Deployment');
    expect(deployments).toHaveLength(4);
    for (const { spec } of deployments) {
      const [main] = spec.template?.spec.containers ?? [];
      expect(main?.image).toMatch(/^registry\.example\.com\/auto-com-center[:@]/);
      // The hash in the name is what makes a rollback bring the old settings back.
      expect(main?.envFrom[0]?.configMapRef?.name).toBe(settings?.metadata.name);
    }
    expect(settings).toMatchObject({
      metadata: { namespace: `acc-${overlay}` },
      data: {
        ENVIRONMENT: overlay,
        APP_MODE: 'dry_run',
        DISABLE_SEND: overlay === 'production' ? 'true' : 'false',
      },
    });
  },
);

test('the autoscaler counts what waits, nothing while consumers are paused, and nothing where a figure is missing', (context) => {
  context.skip(!hasPromtool, 'no promtool on this machine (apt-get install prometheus)');
  const [planner, sender] = readManifests('k8s/overlays/production/autoscaling.yaml').map(readQuery);
  const depth = (queue: string, jobs: number, pod: string) => ({
    series: `acc_queue_depth{namespace="acc-production",queue="${queue}",state="waiting",pod="${pod}"}`,
    values: `${jobs}x5`,
  });
  const paused = (flag: 0 | 1) => ({
    series: 'acc_consumers_paused{namespace="acc-production",pod="api-1"}',
    values: `${flag}x5`,
  });
  // Two API pods show the same fleet: counted once. What is delayed or in another namespace does not count.
  const work = [
    ...['api-1', 'api-2'].flatMap((pod) => [
      depth('events', 7, pod),
      depth('email', 40, pod),
      depth('sms', 2, pod),
    ]),
    { series: 'acc_queue_depth{namespace="acc-production",queue="email",state="delayed"}', values: '900x5' },
    { series: 'acc_queue_depth{namespace="acc-staging",queue="email",state="waiting"}', values: '900x5' },
  ];
  const expectations = (values: readonly (number | undefined)[]) =>
    [planner, sender].map((expr, index) => {
      const value = values[index];
      return { expr, eval_time: '3m', exp_samples: value === undefined ? [] : [{ labels: '{}', value }] };
    });
  const tests = [
    { name: 'working', input_series: [...work, paused(0)], promql_expr_test: expectations([7, 42]) },
    { name: 'paused', input_series: [...work, paused(1)], promql_expr_test: expectations([0, 0]) },
    {
      name: 'not known whether paused',
      input_series: work,
      promql_expr_test: expectations([undefined, undefined]),
    },
    {
      name: 'depth not known',
      input_series: [paused(0)],
      promql_expr_test: expectations([undefined, undefined]),
    },
  ].map((one) => ({ interval: '1m', ...one }));
  const dir = mkdtempSync(join(tmpdir(), 'acc-scaler-'));
  try {
    const file = join(dir, 'queries.yaml');
    writeFileSync(file, stringify({ rule_files: [], evaluation_interval: '1m', tests }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect({ status, said: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

function readQuery({ metadata, spec }: Manifest): string {
  const query = spec.triggers?.[0]?.metadata['query'];
  if (query === undefined) throw new Error(`${metadata.name} has no query`);
  return query;
}
