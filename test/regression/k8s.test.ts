import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/derive-configuration.ts';
import { judgePreflight, processNames } from '../../src/config/preflight.ts';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import type { Setting } from '../../src/config/settings/setting.ts';
import { settings } from '../../src/config/settings.ts';
import { queueNames } from '../../src/domain/channel.ts';
import { gaugeTable, type MetricRow } from '../../src/observe/metric-table.ts';
import { listMetricNames } from '../support/list-metric-names.ts';
import {
  type Container,
  isSelected,
  listK8sFiles,
  type Manifest,
  type PodSpec,
  readEnvFile,
  readFromRoot,
  readKustomization,
  readManifests,
} from '../support/manifests.ts';

const overlays = ['staging', 'production'] as const;
const files = listK8sFiles();
const patch = 'k8s/overlays/production/allow-managed-store.yaml';
const manifests = files
  .filter((path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml') && path !== patch)
  .flatMap((path) => readManifests(path));
const deployments = ofKind('Deployment');
const workloads = [...deployments, ...ofKind('StatefulSet')];
const baseSettings = readEnvFile('k8s/base/settings.env');

/** What a person puts into each secret that the manifests name (docs/operations/deploy.md). None of it is real. */
const secretContents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'store-connection': {
    REDIS_URL: 'rediss://user:4fQ0b8@192.0.2.10:6379',
    WITNESS_URL: 'redis://:c39a48@witness:6379',
    ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
  },
  'quarantine-keys': { QUARANTINE_KEYS: 'one:W+OZAPYkSlNLzYzkqzd6XTcPT0q3BYW4LHlJ5TsYRWA=' },
  'status-webhook': { STATUS_WEBHOOK_URL: 'https://chat.example.com/hooks/26b7e0' },
  'directory-connection': {
    DIRECTORY_URL: 'https://directory.example.com',
    M2M_TOKEN_URL: 'https://issuer.example.com/token',
    M2M_CLIENT_ID: 'auto-com-center',
    M2M_CLIENT_SECRET: 'c1f2a3948d575b0c7f1e',
  },
  'provider-connections': {
    SMTP_URL: 'smtps://user:9a3d48@mail.example.com:465',
    SMTP_FALLBACK_URL: 'smtps://user:0c1f2a@mail.example.org:465',
    SMS_API_URL: 'https://sms.example.com',
    SMS_ACCOUNT_SID: 'AC26b7e0',
    SMS_AUTH_TOKEN: '26b7e0c1f2a3',
    KANNEL_URL: 'https://kannel.example.com',
    KANNEL_USERNAME: 'auto-com-center',
    KANNEL_PASSWORD: 'c1f2a3948d57',
  },
};

test('every file is valid YAML and belongs to what kustomize builds', () => {
  const named = new Set(['k8s/README.md']);
  for (const folder of [
    'k8s/base',
    'k8s/redis',
    'k8s/witness',
    'k8s/overlays/staging',
    'k8s/overlays/production',
  ]) {
    const { resources = [], patches = [], configMapGenerator = [] } = readKustomization(folder);
    named.add(`${folder}/kustomization.yaml`);
    const parts = [
      ...resources.filter((one) => one.endsWith('.yaml')),
      ...patches.map(({ path }) => path),
      ...configMapGenerator.flatMap(({ envs = [], files: contents = [] }) => [...envs, ...contents]),
    ];
    for (const part of parts) named.add(`${folder}/${part}`);
  }
  expect([...named].toSorted()).toEqual(files);
  expect(manifests.length).toBeGreaterThan(20);
});

test('there is a deployment for each process, and it starts a program that exists', () => {
  const started = Object.fromEntries(
    deployments.map((deployment) => [deployment.metadata.name, mainOf(deployment).args]),
  );
  expect(started).toEqual({
    api: ['dist/src/main.js'],
    'plan-events': ['dist/workers/plan-events.js'],
    'send-messages': ['dist/workers/send-messages.js'],
    guard: ['dist/workers/guard.js'],
  });
  for (const [program] of Object.values(started))
    expect(existsSync(toSource(program ?? '')), program).toBe(true);
});

describe.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
  '%s',
  (_name, workload) => {
    const pod = podOf(workload);
    const main = mainOf(workload);

    test('meets the restricted profile of Pod Security, and its root file system is read-only', () => {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.securityContext['runAsUser']).toBeGreaterThan(0);
      expect([pod.hostNetwork, pod.hostPID, pod.hostIPC, pod.initContainers]).toEqual(
        Array(4).fill(undefined),
      );
      expect(pod.containers).toHaveLength(1);
      expect(main.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const kinds = pod.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
      expect(kinds.filter((kind) => !['emptyDir', 'configMap', 'secret'].includes(kind))).toEqual([]);
    });

    test('has no access to the Kubernetes API, and no variables that Kubernetes makes of services', () => {
      expect(pod.automountServiceAccountToken).toBe(false);
      // ACC_API_SERVICE_HOST would end the process: unknown ACC_ variables are refused.
      expect(pod.enableServiceLinks).toBe(false);
    });

    test('selects its own pods, and spreads them', () => {
      const labels = workload.spec.template?.metadata.labels ?? {};
      expect(workload.spec.selector?.matchLabels).not.toEqual({});
      expect(isSelected(workload.spec.selector, labels)).toBe(true);
      for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
        expect(labelSelector).toEqual(workload.spec.selector);
      const others = workloads.filter((other) => other !== workload);
      for (const other of others)
        expect(isSelected(workload.spec.selector, other.spec.template?.metadata.labels ?? {})).toBe(false);
    });

    test('says what it needs, and has a bound on its memory', () => {
      expect(main.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(main.resources.limits['memory']).toMatch(/^\d+[MG]i$/);
    });

    test('mounts only volumes that exist, and can write to /tmp', () => {
      const volumes = pod.volumes.map((volume) => volume['name']);
      const claims = workload.kind === 'StatefulSet' ? ['data'] : [];
      for (const { name } of main.volumeMounts) expect([...volumes, ...claims]).toContain(name);
      expect(main.volumeMounts.map(({ mountPath }) => mountPath)).toContain('/tmp');
    });

    test('names an image by a version, never by latest', () => {
      expect(main.image).toMatch(/^[a-z0-9./-]+:(?!latest$)[\w.-]+$/);
    });
  },
);

describe.each(deployments.map((one) => [one.metadata.name, one] as const))('%s', (name, deployment) => {
  const pod = podOf(deployment);
  const main = mainOf(deployment);

  test('listens where its settings say, and where probes and scrapes ask', () => {
    const ports = Object.fromEntries(main.ports.map((port) => [port.name, String(port.containerPort)]));
    const http = name === 'api' ? { http: baseSettings['PORT'] } : {};
    expect(ports).toEqual({ ...http, metrics: baseSettings['METRICS_PORT'] });
    expect(baseSettings['HOST']).toBe('0.0.0.0');
  });

  test('is restarted for its own faults only, and is asked over HTTP without a shell', () => {
    const port = name === 'api' ? 'http' : 'metrics';
    expect(main.livenessProbe.httpGet).toEqual({ path: '/livez', port });
    expect(main.startupProbe.httpGet).toEqual({ path: '/livez', port });
    expect(main.readinessProbe.httpGet).toEqual({ path: '/readyz', port });
    expect(JSON.stringify(deployment)).not.toContain('"exec"');
  });

  test('has more time to end than it may need', () => {
    const values = readSettings('production', deployment).values;
    const neededSeconds =
      values.DRAIN_SECONDS + values.ATTEMPT_TIMEOUT_SECONDS + (main.lifecycle?.preStop?.sleep?.seconds ?? 0);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(neededSeconds);
    expect(values.DRAIN_SECONDS).toBeGreaterThan(values.ATTEMPT_TIMEOUT_SECONDS);
  });

  test.each(overlays)('has a configuration without faults in %s', (overlay) => {
    const { values } = readSettings(overlay, deployment);
    expect(values.ENVIRONMENT).toBe(overlay);
    expect(values.KEY_PREFIX).toContain(overlay);
  });

  test('may lose one pod at a time to a node that drains', () => {
    const budgets = ofKind('PodDisruptionBudget').filter((budget) =>
      isSelected(budget.spec.selector, deployment.spec.template?.metadata.labels ?? {}),
    );
    expect(budgets.map((budget) => budget.spec)).toEqual([
      { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: deployment.spec.selector },
    ]);
  });
});

test('the drafts of a rehearsal and the signing key have their place in the sender', () => {
  const sender = deployments.find(({ metadata }) => metadata.name === 'send-messages');
  const mounts = sender === undefined ? [] : mainOf(sender).volumeMounts;
  expect(mounts.find(({ name }) => name === 'outbox')).toEqual({
    name: 'outbox',
    mountPath: baseSettings['OUTBOX_DIR'],
  });
  expect(mounts.find(({ name }) => name === 'dkim')).toMatchObject({ readOnly: true });
});

test('the service leads to the port of the API', () => {
  const api = deployments.find(({ metadata }) => metadata.name === 'api');
  const service = ofKind('Service').find(({ metadata }) => metadata.name === 'api');
  // A service's selector is bare labels.
  expect(service?.spec.selector).toEqual(api?.spec.selector?.matchLabels);
  expect(service?.spec.ports?.map(({ targetPort }) => targetPort)).toEqual(['http']);
});

describe('settings', () => {
  test.each(['base', ...overlays.map((name) => `overlays/${name}`)])(
    '%s names only settings that exist',
    (folder) => {
      const names = Object.keys(readEnvFile(`k8s/${folder}/settings.env`));
      expect(names.length).toBeGreaterThan(5);
      expect(names.filter((name) => !(name in settings))).toEqual([]);
    },
  );

  test('no secret is among them, nor in any manifest', () => {
    const secretNames = Object.entries<Setting>(settings)
      .filter(([, setting]) => setting.secret === true)
      .map(([name]) => name);
    for (const folder of ['base', 'overlays/staging', 'overlays/production']) {
      const names = Object.keys(readEnvFile(`k8s/${folder}/settings.env`));
      expect(names.filter((name) => secretNames.includes(name))).toEqual([]);
      expect(readKustomization(`k8s/${folder}`).secretGenerator).toBeUndefined();
    }
    expect(ofKind('Secret')).toEqual([]);
    for (const deployment of deployments) expect(mainOf(deployment).env).toBeUndefined();
  });

  test('every secret that is named is explained to the person who makes it', () => {
    const named = new Set(deployments.flatMap((deployment) => secretsOf(mainOf(deployment))));
    expect([...named].toSorted()).toEqual(Object.keys(secretContents).toSorted());
    const page = readFromRoot('docs/operations/deploy.md');
    for (const [name, contents] of Object.entries(secretContents))
      for (const word of [name, ...Object.keys(contents)]) expect(page, word).toContain(word);
  });

  test('each process is given the secrets that it reads, and no others', () => {
    const given = deployments.map((one) => [one.metadata.name, secretsOf(mainOf(one))] as const);
    expect(Object.fromEntries(given)).toEqual({
      api: ['store-connection', 'quarantine-keys'],
      'plan-events': ['store-connection', 'directory-connection'],
      'send-messages': ['store-connection', 'provider-connections'],
      guard: ['store-connection', 'quarantine-keys', 'status-webhook'],
    });
  });

  test('every setting that is a secret has its place in one of them', () => {
    const placed = Object.values(secretContents).flatMap((contents) => Object.keys(contents));
    const secret = Object.entries<Setting>(settings).filter(([, setting]) => setting.secret === true);
    expect(secret.map(([name]) => name).filter((name) => !placed.includes(name))).toEqual([]);
  });

  test('production quarantines while the issuer is down, and the guard can open what the API has sealed', () => {
    for (const deployment of deployments.filter(({ metadata }) => ['api', 'guard'].includes(metadata.name))) {
      const { AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE, QUARANTINE_KEYS } = readSettings(
        'production',
        deployment,
      ).values;
      for (const value of [AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE, QUARANTINE_KEYS])
        expect(value, deployment.metadata.name).toBeDefined();
    }
  });

  test('production sends nothing as it is delivered: stopped, and rehearsing if it were not', () => {
    expect(readEnvFile('k8s/overlays/production/settings.env')).toMatchObject({
      DISABLE_SEND: 'true',
      APP_MODE: 'dry_run',
      DRY_RUN_VERIFIED: 'false',
    });
    for (const deployment of deployments) {
      const configuration = readSettings('production', deployment);
      expect(configuration.values).toMatchObject({
        DISABLE_SEND: true,
        APP_MODE: 'dry_run',
        PROMO_SENDS: false,
      });
      expect(listFailing(configuration, deployment)).toContain('APP_MODE is production');
    }
  });

  test('what a person changes, and nothing else, makes every process pass its lines of the preflight', () => {
    const live = {
      DISABLE_SEND: 'false',
      APP_MODE: 'production',
      DRY_RUN_VERIFIED: 'true',
      EXPECTED_BASE_URL: 'https://acc.example.com',
    };
    const own = { ...live, MAIL_FROM: 'Scholar Desk <hello@deps.scholar.org>', SMS_FROM: 'Desk' };
    expect(deployments).toHaveLength(4);
    for (const deployment of deployments) {
      // The senders' addresses stand for one's own, as every value with example.com does.
      expect(listFailing(readSettings('production', deployment, live), deployment)).toEqual([
        'the sender is not an example',
      ]);
      expect(listFailing(readSettings('production', deployment, own), deployment)).toEqual([]);
    }
  });
});

describe('overlays', () => {
  test.each(overlays)('%s has a namespace that refuses pods below the restricted profile', (overlay) => {
    const { namespace } = readKustomization(`k8s/overlays/${overlay}`);
    const [own] = readManifests(`k8s/overlays/${overlay}/namespace.yaml`);
    expect(own?.metadata.name).toBe(namespace);
    for (const mode of ['enforce', 'audit', 'warn'])
      expect(own?.metadata.labels).toMatchObject({ [`pod-security.kubernetes.io/${mode}`]: 'restricted' });
  });

  test.each(overlays)('%s names the image by a version', (overlay) => {
    const images = readKustomization(`k8s/overlays/${overlay}`).images ?? [];
    const [ours] = new Set(deployments.map((deployment) => mainOf(deployment).image.split(':')[0]));
    expect(images.map(({ name }) => name)).toEqual([ours]);
    for (const { newTag, digest } of images)
      expect(digest ?? newTag).toMatch(/^(sha256:[0-9a-f]{64}|\d+\.\d+\.\d+)$/);
  });

  test('production brings no store of its own, staging does, and both a witness', () => {
    expect(readKustomization('k8s/overlays/staging').components).toEqual(['../../redis', '../../witness']);
    expect(readKustomization('k8s/overlays/production').components).toEqual(['../../witness']);
  });
});

describe('network', () => {
  const policies = ofKind('NetworkPolicy');
  const labelsOf = (component: string) => ({
    'app.kubernetes.io/name': 'auto-com-center',
    'app.kubernetes.io/component': component,
  });
  const allowed = (component: string, direction: 'ingress' | 'egress') =>
    policies
      .filter(
        ({ spec }) => isSelected(spec.podSelector, labelsOf(component)) && (spec[direction] ?? []).length > 0,
      )
      .map(({ metadata }) => metadata.name);

  test('everything is shut that is not named', () => {
    const deny = policies.find(({ metadata }) => metadata.name === 'deny-all');
    expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    for (const { metadata, spec } of policies)
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
        expect([...(rule.to ?? []), ...(rule.from ?? [])], metadata.name).not.toEqual([]);
        expect(rule.ports ?? [], metadata.name).not.toEqual([]);
      }
  });

  test('only the sender reaches providers', () => {
    const reach = deployments
      .map(({ metadata }) => metadata.name)
      .filter((name) => allowed(name, 'egress').includes('allow-providers'));
    expect(reach).toEqual(['send-messages']);
  });

  test('who asks the issuer, the directory or the webhook reaches them, and only over HTTPS', () => {
    expect(allowed('api', 'egress')).toEqual(['allow-dns', 'allow-store', 'allow-witness', 'allow-https']);
    expect(allowed('guard', 'egress')).toEqual(['allow-dns', 'allow-store', 'allow-witness', 'allow-https']);
    expect(allowed('plan-events', 'egress')).toEqual([
      'allow-dns',
      'allow-store',
      'allow-witness',
      'allow-https',
    ]);
    expect(allowed('send-messages', 'egress')).toEqual([
      'allow-dns',
      'allow-store',
      'allow-witness',
      'allow-providers',
    ]);
    const https = policies.find(({ metadata }) => metadata.name === 'allow-https');
    expect(https?.spec.egress?.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([443]);
  });

  test('production opens the way to its store by address, and nothing else', () => {
    const [{ spec, ...head } = { spec: undefined }] = readManifests(patch);
    expect(head).toMatchObject({ kind: 'NetworkPolicy', metadata: { name: 'allow-store' } });
    // A managed store has another address after a failover: a small subnet, or several of them.
    const small: unknown = { ipBlock: { cidr: expect.stringMatching(/\/(2[89]|3[0-2])$/) } };
    const [rule, ...others] = spec?.egress ?? [];
    expect(others).toEqual([]);
    expect(rule?.to).toEqual((rule?.to ?? []).map(() => small));
    expect(rule?.ports).toEqual([6379, 6380].map((port) => ({ protocol: 'TCP', port })));
  });

  test('names are looked up at kube-dns and at the cache of the node, and nowhere else', () => {
    const dns = policies.find(({ metadata }) => metadata.name === 'allow-dns');
    const [rule] = dns?.spec.egress ?? [];
    expect(rule?.to).toHaveLength(2);
    expect(rule?.to).toContainEqual({ ipBlock: { cidr: '169.254.20.10/32' } });
    expect(rule?.ports?.map(({ port }) => port)).toEqual([53, 53]);
  });

  test('callers reach the API only, on its own port; /metrics is for the monitoring namespace', () => {
    expect(allowed('api', 'ingress')).toEqual(['allow-callers', 'allow-monitoring']);
    expect(allowed('send-messages', 'ingress')).toEqual(['allow-monitoring']);
    const portsOf = (name: string) =>
      policies
        .find(({ metadata }) => metadata.name === name)
        ?.spec.ingress?.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    expect(portsOf('allow-callers')).toEqual(['http']);
    expect(portsOf('allow-monitoring')).toEqual(['metrics']);
  });

  test('nothing reaches the metadata service of the cloud, nor a private range', () => {
    const text = JSON.stringify(policies.map(({ spec }) => spec));
    const open = text.split('"cidr":"0.0.0.0/0"').slice(1);
    expect(open).toHaveLength(2);
    for (const rule of open)
      for (const range of ['169.254.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])
        expect(rule).toContain(range);
  });
});

test('production is scraped: every pod, on the port that it serves its figures on, from the namespace that may', () => {
  const [monitor, ...others] = ofKind('PodMonitor');
  expect(others).toEqual([]);
  const { selector, podMetricsEndpoints } = JSON.parse(JSON.stringify(monitor?.spec ?? {})) as {
    selector: { matchLabels: Record<string, string> };
    podMetricsEndpoints: { port: string; path: string }[];
  };
  for (const { spec } of deployments) {
    expect(spec.template?.metadata.labels).toMatchObject(selector.matchLabels);
    const ports = (spec.template?.spec.containers ?? []).flatMap((container) => container.ports ?? []);
    expect(ports.map(({ name }) => name)).toContain(podMetricsEndpoints[0]?.port);
  }
  expect(podMetricsEndpoints).toMatchObject([{ path: '/metrics' }]);
});

describe('autoscaling', () => {
  const scalers = ofKind('ScaledObject');
  const queries = scalers
    .flatMap(({ spec }) => spec.triggers ?? [])
    .map(({ metadata }) => metadata['query'] ?? '');

  test('is for the workers, keeps one of each, and stays low', () => {
    expect(scalers.map(({ spec }) => spec.scaleTargetRef?.name)).toEqual(['plan-events', 'send-messages']);
    for (const { spec } of scalers) {
      expect(spec.minReplicaCount).toBe(1);
      expect(spec.maxReplicaCount).toBeLessThanOrEqual(3);
      // Two who set the number would fight.
      const target = deployments.find(({ metadata }) => metadata.name === spec.scaleTargetRef?.name);
      expect(target?.spec.replicas).toBeUndefined();
    }
  });

  test('asks for metrics, labels, queues and states that exist, in its own namespace', () => {
    const { namespace = '' } = readKustomization('k8s/overlays/production');
    const values: Readonly<Record<string, readonly string[]>> = {
      namespace: [namespace],
      queue: queueNames,
      state: ['waiting', 'active', 'delayed'],
    };
    for (const query of queries) {
      const selectors = [...query.matchAll(/\b(acc_\w+)\{([^}]*)\}/g)];
      expect(selectors.length).toBeGreaterThan(1);
      expect(selectors.map(([, metric]) => metric)).toEqual(query.match(/acc_\w+/g));
      for (const [, metric = '', labels = ''] of selectors) {
        expect(listMetricNames()).toContain(metric);
        expect(labels).toContain(`namespace="${namespace}"`);
        for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
          expect(listLabels(metric)).toContain(label);
          expect(values[label]).toContain(value);
        }
      }
    }
  });

  test('does not start workers for queues that are paused', () => {
    expect(queries).toHaveLength(2);
    for (const query of queries) expect(query).toMatch(/\* \(1 - max\(acc_consumers_paused\{[^}]+\}\)\)$/);
  });
});

describe.each(['redis', 'witness'])('the %s that an overlay brings', (name) => {
  test('puts every write on disk before it answers, and refuses rather than forgets', () => {
    const lines = readFromRoot(`k8s/${name}/valkey.conf`).split('\n');
    for (const line of [
      'appendonly yes',
      'appendfsync always',
      'no-appendfsync-on-rewrite no',
      'maxmemory-policy noeviction',
    ])
      expect(lines).toContain(line);
  });

  test('keeps its disk when it is deleted or scaled, and is reached by our pods alone', () => {
    const store = ofKind('StatefulSet').find(({ metadata }) => metadata.name === name);
    expect(store?.spec).toMatchObject({
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    });
    const toStore = ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === `allow-${name}-clients`);
    expect(isSelected(toStore?.spec.podSelector, store?.spec.template?.metadata.labels ?? {})).toBe(true);
    expect(toStore?.spec.ingress?.[0]?.from).toEqual([
      { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'auto-com-center' } } },
    ]);
  });
});

/** The lines that a process fails with this configuration; what only a running store can tell is good. */
function listFailing(configuration: Configuration, { metadata }: Manifest): readonly string[] {
  const process = processNames.find((name) => name === metadata.name);
  const rehearsal = { ok: true, detail: 'rehearsed' };
  return judgePreflight(configuration, { storeDurable: true, rehearsal, brand: {}, process })
    .filter(({ ok }) => !ok)
    .map(({ check }) => check);
}

function ofKind(kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

function podOf(workload: Manifest): PodSpec {
  const pod = workload.spec.template?.spec;
  if (pod === undefined) throw new Error(`${workload.metadata.name} has no pod`);
  return pod;
}

function mainOf(workload: Manifest): Container {
  const [main] = podOf(workload).containers;
  if (main === undefined) throw new Error(`${workload.metadata.name} has no container`);
  return main;
}

function secretsOf({ envFrom }: Container): readonly string[] {
  return envFrom.flatMap(({ secretRef }) => (secretRef === undefined ? [] : [secretRef.name]));
}

/** What the process reads in a cluster: base, overlay, and the secrets that its pod names. Throws with every fault. */
function readSettings(overlay: string, deployment: Manifest, changed: Readonly<Record<string, string>> = {}) {
  const main = mainOf(deployment);
  if (!main.envFrom.some(({ configMapRef }) => configMapRef?.name === 'settings'))
    throw new Error('no settings');
  const secrets = secretsOf(main).map((name) => secretContents[name]);
  return readConfiguration(
    Object.assign({}, baseSettings, readEnvFile(`k8s/overlays/${overlay}/settings.env`), ...secrets, changed),
  );
}

/** Labels of a gauge as Prometheus has it: our own, and the namespace that the scrape adds. */
function listLabels(metric: string): readonly string[] {
  const row = Object.values<MetricRow>(gaugeTable).find(({ name }) => `acc_${name}` === metric);
  return ['namespace', ...(row?.labels ?? [])];
}

function toSource(program: string): string {
  return program.replace(/^dist\//, '').replace(/\.js$/, '.ts');
}
