/** The pooler's objects as they are to be, and what one is, in words. Pure, table-tested. */
import stringify from 'fast-json-stable-stringify';
import type { PoolerTopology } from '../../catalogue';
import { labelSelector } from '../kubernetes/label-selector';
import type { Manifest, Resources } from '../kubernetes/kubernetes';
import {
  configurationFolder,
  leaseFolder,
  poolerPort,
  type PoolerSettings,
  sidecarPort,
} from '../pgbouncer/configuration';
import type { PoolerKind } from './contract';
import { digestOf, project } from '../kubernetes/digest';
import { managedBy } from '../kubernetes/managed';
import { keysOf, passwordKey } from './secret';

/** On the Deployment's pods, for whoever adds up connections and may not read the Secret. */
export const poolSizeAnnotation = 'durable-runbooks/pool-size';

/** Endpoints, kube-proxies and balancers hear that a pod leaves while it still takes connections. */
const farewellSeconds = 5;
/** For the transactions that are open then. */
const graceSeconds = 60;

export const requests: Resources = { cpuMillis: 120, memoryBytes: 160 * 2 ** 20 };
export const limits: Resources = { cpuMillis: 1500, memoryBytes: 448 * 2 ** 20 };

/** The same labels as the guide's, so that its Service and ours mean the same pods. */
export function podLabels({ name }: Pick<PoolerTopology, 'name'>): Record<string, string> {
  return { app: name };
}

export function selectorOf(pooler: Pick<PoolerTopology, 'name'>): string {
  return labelSelector(podLabels(pooler));
}

/** All but the Secret, whose content is rendered where it is written. */
export function manifestOf(
  kind: Exclude<PoolerKind, 'Secret'>,
  pooler: PoolerTopology,
  { poolSize }: Pick<PoolerSettings, 'poolSize'>,
  /** Of the configuration that the pods take. */
  fingerprint: string,
): Manifest {
  const labels = { ...podLabels(pooler), ...managedBy };
  const matchLabels = podLabels(pooler);
  const content = {
    Service: () => ({
      selector: matchLabels,
      ports: [{ name: 'postgresql', port: poolerPort, targetPort: 'postgresql', protocol: 'TCP' }],
    }),
    PodDisruptionBudget: () => ({ minAvailable: 1, selector: { matchLabels } }),
    Deployment: () => deployment(pooler, matchLabels, poolSize, fingerprint),
  }[kind]();
  return { kind, name: pooler.name, labels, content };
}

function deployment(
  pooler: PoolerTopology,
  matchLabels: Record<string, string>,
  poolSize: number,
  fingerprint: string,
): Record<string, unknown> {
  return {
    ...{ replicas: pooler.replicas, selector: { matchLabels } },
    // No pod goes before another has let a transaction through.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: {
        labels: { ...matchLabels, ...managedBy },
        annotations: {
          ...{ 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(sidecarPort) },
          [poolSizeAnnotation]: String(poolSize),
        },
      },
      spec: {
        terminationGracePeriodSeconds: graceSeconds,
        // Neither talks to the API server; and the variables of a Service named pgbouncer are none of its settings.
        ...{ automountServiceAccountToken: false, enableServiceLinks: false },
        topologySpreadConstraints: [
          spread('kubernetes.io/hostname', 'DoNotSchedule', matchLabels),
          spread('topology.kubernetes.io/zone', 'ScheduleAnyway', matchLabels),
        ],
        securityContext: { runAsNonRoot: true, fsGroup: poolerUser, seccompProfile: { type: 'RuntimeDefault' } },
        volumes: [configurationVolume(pooler, fingerprint), { name: 'lease', emptyDir: { sizeLimit: '1Mi' } }],
        containers: [poolerContainer(pooler), sidecarContainer(pooler)],
      },
    },
  };
}

function spread(topologyKey: string, whenUnsatisfiable: string, matchLabels: Record<string, string>): object {
  return { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels } };
}

/** One folder of both, without subPath: a file that is mounted by itself never changes again. */
function configurationVolume({ name, authorities }: PoolerTopology, fingerprint: string): object {
  const items = Object.entries(keysOf(fingerprint)).map(([path, key]) => ({ key, path }));
  return {
    name: 'configuration',
    projected: {
      defaultMode: 0o440,
      sources: [
        { secret: { name, items } },
        { configMap: { name: authorities.configMap, items: [{ key: authorities.key, path: 'ca.pem' }] } },
      ],
    },
  };
}

/** Alpine's `postgres`, as which edoburu/pgbouncer runs: by its number, because a name cannot be told to be no root. */
const poolerUser = 70;
/** `node` of the project's own image. */
const sidecarUser = 1000;

function restricted(runAsUser: number): object {
  return {
    ...{ runAsUser, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    capabilities: { drop: ['ALL'] },
  };
}

/**
 * A container's first process ignores a signal until it has said what to do about it: sent too early, it is lost, and the pod
 * stays for its whole grace period. So whoever sends one waits for that; the digit is the one of /proc/1/status that has the
 * signal's bit (proc(5), SigCgt).
 */
function untilCaught(signal: 'INT' | 'TERM'): string {
  const digit = { INT: '[2367abef]', TERM: '[4567cdef]...' }[signal];
  return `for try in 1 2 3 4 5 6 7 8 9 10; do grep -q "^SigCgt.*${digit}$" /proc/1/status && break; sleep 1; done`;
}

/**
 * SIGINT lets open transactions end and then lets all clients go, in every version; SIGTERM cuts all at once before 1.23, and
 * waits for ever for idle clients from then on (pgbouncer.org/usage.html, "Signals"). It is sent once, for the second one ends
 * newer versions at once.
 */
const drain = [
  `sleep ${farewellSeconds}`,
  untilCaught('INT'),
  'kill -INT 1',
  'while kill -0 1 2>/dev/null; do sleep 1; done',
].join('; ');

function beforeStop(command: string): object {
  return { preStop: { exec: { command: ['sh', '-c', command] } } };
}

function poolerContainer({ image }: PoolerTopology): object {
  return {
    ...{ name: 'pgbouncer', image },
    ports: [{ name: 'postgresql', containerPort: poolerPort, protocol: 'TCP' }],
    // It works on one core; with every client some kilobytes.
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    volumeMounts: [{ name: 'configuration', mountPath: configurationFolder, readOnly: true }],
    readinessProbe: { tcpSocket: { port: 'postgresql' }, periodSeconds: 2, timeoutSeconds: 2 },
    livenessProbe: { tcpSocket: { port: 'postgresql' }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    lifecycle: beforeStop(drain),
    securityContext: restricted(poolerUser),
  };
}

/** Node itself says what to do about SIGTERM only once it has loaded the program, seconds later on a busy machine. */
const sidecarCommand = 'trap exit TERM; node dist/sidecar/main.js & wait $!';

function sidecarContainer({ name, sidecarImage, application }: PoolerTopology): object {
  const fromSecret = (variable: string, secret: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: secret, key } },
  });
  return {
    ...{ name: 'sidecar', image: sidecarImage, command: ['sh', '-c', sidecarCommand] },
    env: [
      { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
      { name: 'PORT', value: String(sidecarPort) },
      fromSecret('APPLICATION_URL', application.secret, application.key),
      fromSecret('ADMINISTRATOR_PASSWORD', name, passwordKey),
      { name: 'NODE_OPTIONS', value: '--max-old-space-size=64' },
    ],
    ports: [{ name: 'metrics', containerPort: sidecarPort, protocol: 'TCP' }],
    // The authorities of the server, at which the guard logs in before it ends a pause.
    volumeMounts: [
      { name: 'configuration', mountPath: configurationFolder, readOnly: true },
      { name: 'lease', mountPath: leaseFolder },
    ],
    lifecycle: beforeStop(untilCaught('TERM')),
    resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { cpu: '500m', memory: '192Mi' } },
    readinessProbe: {
      httpGet: { path: '/ready', port: 'metrics', scheme: 'HTTP' },
      periodSeconds: 2,
      timeoutSeconds: 5,
    },
    securityContext: restricted(sidecarUser),
  };
}

/** The wanted content, put over what an object has: what Kubernetes gave it (a Service's address) stays. */
export function mergedInto(found: Record<string, unknown>, wanted: Record<string, unknown>): Record<string, unknown> {
  return { ...found, ...wanted };
}

/**
 * What an object of that kind is, in words, with a digest of the part that the wanted one speaks of. Which configuration a
 * Deployment's pods take is told beside it.
 */
export function describe(kind: Exclude<PoolerKind, 'Secret'>, content: Content, wanted: Content): string {
  const text = stringify(project(content, wanted));
  const fingerprint = kind === 'Deployment' ? fingerprintIn(content) : undefined;
  const digest = digestOf(fingerprint === undefined ? text : text.replaceAll(fingerprint, ''));
  return `${wordsOf[kind](content as never)} (${digest})`;
}

type Content = Record<string, unknown>;

interface DeploymentContent {
  replicas?: number;
  template: {
    metadata?: { annotations?: Record<string, string> };
    spec: {
      containers: { image?: string }[];
      volumes?: { projected?: { sources?: { secret?: { items?: { key: string; path: string }[] } }[] } }[];
    };
  };
}

const wordsOf: Record<Exclude<PoolerKind, 'Secret'>, (content: never) => string> = {
  Service: ({ ports }: { ports?: { port: number }[] }) => `port ${(ports ?? []).map(({ port }) => port).join(', ')}`,
  PodDisruptionBudget: ({ minAvailable, maxUnavailable }: Record<string, string | number>) =>
    minAvailable === undefined ? `at most ${String(maxUnavailable)} away` : `at least ${String(minAvailable)} there`,
  Deployment: ({ replicas = 1, template }: DeploymentContent) =>
    `${replicas} pods of ${template.spec.containers[0]?.image ?? 'no image'}`,
};

interface Container {
  name: string;
  env?: { name: string; value?: string }[];
}

/**
 * What somebody has put into the Deployment by hand: containers, and values of variables, also where ours takes them from elsewhere.
 * What is there now is kept in the run's history, for going back, and such a value may be a secret.
 */
export function addedTo(content: Content, wanted: Content): string[] {
  const { containers, initContainers = [] } = podOf(content);
  const ours = new Map(podOf(wanted).containers.map((one) => [one.name, literalsOf(one)]));
  return [
    // Ours has none of these.
    ...initContainers.map(({ name }) => `init container ${name}`),
    ...containers.flatMap((one) => {
      const known = ours.get(one.name);
      if (!known) return [`container ${one.name}`];
      const added = literalsOf(one).filter((variable) => !known.includes(variable));
      return added.map((variable) => `variable ${variable} of ${one.name}`);
    }),
  ];
}

function podOf({ template }: Content): { containers: Container[]; initContainers?: Container[] } {
  return (template as { spec: { containers: Container[]; initContainers?: Container[] } }).spec;
}

/** Names of the variables whose value stands in the template itself. */
function literalsOf({ env = [] }: Container): string[] {
  return env.filter(({ value }) => value !== undefined).map(({ name }) => name);
}

/** Of a Deployment's pods. */
export function podAnnotations(content: Content): Record<string, string> {
  return (content as unknown as DeploymentContent).template.metadata?.annotations ?? {};
}

/** The configuration that a Deployment's pods take from the Secret. */
export function fingerprintIn(content: Content): string | undefined {
  const { volumes = [] } = (content as unknown as DeploymentContent).template.spec;
  const items = volumes.flatMap(
    ({ projected }) => projected?.sources?.flatMap(({ secret }) => secret?.items ?? []) ?? [],
  );
  const key = items.find(({ path }) => path === 'pgbouncer.ini')?.key;
  return /^pgbouncer-(\w+\.\w+)\.ini$/.exec(key ?? '')?.[1];
}
