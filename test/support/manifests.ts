import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { findRoot } from '../../local/root.ts';

/** The parts of a Kubernetes object that the tests look at. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly automountServiceAccountToken?: boolean;
  readonly spec: Spec;
}

export type Labels = Readonly<Record<string, string>>;

interface Spec {
  readonly replicas?: number;
  readonly selector?: { readonly matchLabels?: Labels };
  readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  readonly podSelector?: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
  readonly ports?: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
  readonly scaleTargetRef?: { readonly name: string };
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly triggers?: readonly {
    readonly type: string;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

interface PolicyRule {
  readonly to?: readonly unknown[];
  readonly from?: readonly unknown[];
  readonly ports?: readonly { readonly port: number | string }[];
}

export interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly initContainers?: readonly unknown[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
  readonly topologySpreadConstraints: readonly { readonly labelSelector: Selector }[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly unknown[];
  readonly envFrom: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

export interface Kustomization {
  readonly kind: string;
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly images?: readonly Readonly<Record<string, string>>[];
  readonly patches?: readonly { readonly path: string }[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly envs?: readonly string[];
    readonly files?: readonly string[];
  }[];
  readonly secretGenerator?: unknown;
}

const root = findRoot();

/** Paths of all files below `k8s/`, from the root of the repository. */
export function listK8sFiles(): readonly string[] {
  return readdirSync(join(root, 'k8s'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

/** The objects of one file. Throws on anything that YAML so much as warns about. */
export function readManifests(path: string): readonly Manifest[] {
  return parseManifests(readFromRoot(path), path);
}

export function parseManifests(text: string, path: string): readonly Manifest[] {
  return [...parseAllDocuments(text)].map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
    const manifest: Manifest = document.toJS();
    return manifest;
  });
}

export function readKustomization(folder: string): Kustomization {
  const [document] = parseAllDocuments(readFromRoot(join(folder, 'kustomization.yaml')));
  const kustomization: Kustomization = document?.toJS();
  return kustomization;
}

/** `NAME=value` lines, as kustomize makes a ConfigMap of them. */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(parseEnv(readFromRoot(path))).map(([name, value]) => [name, value ?? '']),
  );
}

/** Whether a selector of Kubernetes picks these labels. */
export function isSelected(selector: Selector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`the tests do not know the operator ${operator}`);
      return values.includes(labels[key] ?? '');
    })
  );
}

export function readFromRoot(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
