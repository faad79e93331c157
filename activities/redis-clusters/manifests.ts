/**
 * The cluster's objects as they are to be: the scaling guide's StatefulSet, made safe. Pure, table-tested.
 *
 * The guide mounts no configuration, has no Service for the pods' names, no memory limit, no password and no probe, and labels
 * its pods so that the Service of another Redis means them too.
 */
import stringify from 'fast-json-stable-stringify';
import type { RedisClusterTopology } from '../../catalogue';
import { labelSelector } from '../kubernetes/label-selector';
import type { Manifest, Resources } from '../kubernetes/kubernetes';
import { digestOf } from '../kubernetes/digest';
import { managedBy } from '../kubernetes/managed';
import type { RedisClusterKind, RedisClusterSettings } from './contract';

const volume = 'data';

export const redisPort = 6379;
/** Always the port for clients + 10000. */
const busPort = 16_379;
/** The guide's. A master that is away for so long is replaced by its replica. */
export const nodeTimeoutMs = 5000;
/** `redis` of the official image. */
const redisUser = 999;

export const passwordKey = 'password';
/** With the password, in the form that redis.conf includes. */
export const loginKey = 'login.conf';

export function podLabels({ name }: RedisClusterTopology): Record<string, string> {
  return { app: name };
}

export function selectorOf(cluster: RedisClusterTopology): string {
  return labelSelector(podLabels(cluster));
}

/** A rewrite of the append-only file needs up to half of the memory again (redis.io, "Redis persistence"). */
const memoryLimitShare = 1.5;

export function requestsOf({ maxMemoryMegabytes }: RedisClusterSettings): Resources {
  return { cpuMillis: 100, memoryBytes: maxMemoryMegabytes * 2 ** 20 };
}

export function limitsOf({ maxMemoryMegabytes }: RedisClusterSettings): Resources {
  return { cpuMillis: 0, memoryBytes: limitMegabytes(maxMemoryMegabytes) * 2 ** 20 };
}

function limitMegabytes(maxMemoryMegabytes: number): number {
  return Math.ceil(maxMemoryMegabytes * memoryLimitShare);
}

/** All but the Secret, whose content is made where it is written. */
export function manifestOf(
  kind: Exclude<RedisClusterKind, 'Secret'>,
  cluster: RedisClusterTopology,
  settings: RedisClusterSettings,
): Manifest {
  const matchLabels = podLabels(cluster);
  const content = {
    ConfigMap: () => ({ 'redis.conf': configuration(settings) }),
    Service: () => ({
      // Nodes look for each other before they are Ready.
      ...{ clusterIP: 'None', publishNotReadyAddresses: true, selector: matchLabels },
      ports: [
        { name: 'redis', port: redisPort, targetPort: 'redis', protocol: 'TCP' },
        { name: 'bus', port: busPort, targetPort: 'bus', protocol: 'TCP' },
      ],
    }),
    PodDisruptionBudget: () => ({ maxUnavailable: 1, selector: { matchLabels } }),
    StatefulSet: () => statefulSet(cluster, settings),
  }[kind]();
  return { kind, name: cluster.name, labels: { ...matchLabels, ...managedBy }, content };
}

/** A killed master may be back before its replica has replaced it: it must have all that it has acknowledged (docs/decisions). */
function configuration({ maxMemoryMegabytes, evictionPolicy }: RedisClusterSettings): string {
  return [
    `include /etc/redis-login/${loginKey}`,
    'dir /data',
    'cluster-enabled yes',
    'cluster-config-file /data/nodes.conf',
    `cluster-node-timeout ${nodeTimeoutMs}`,
    'appendonly yes',
    'appendfsync always',
    'save ""',
    `maxmemory ${maxMemoryMegabytes}mb`,
    `maxmemory-policy ${evictionPolicy}`,
    // A first copy for each replica of its own, at once: others that might share it are not waited for.
    'repl-diskless-sync-delay 0',
    // A master whose slots are moved away stays one, and is not made a replica by Redis: its slots can be moved back.
    'cluster-allow-replica-migration no',
    '',
  ].join('\n');
}

function statefulSet(cluster: RedisClusterTopology, settings: RedisClusterSettings): Record<string, unknown> {
  const { name } = cluster;
  const matchLabels = podLabels(cluster);
  return {
    ...{ serviceName: name, replicas: settings.nodes, selector: { matchLabels } },
    // All at once: a node that waits for the one before it would wait for a cluster that is not formed yet.
    podManagementPolicy: 'Parallel',
    template: {
      metadata: { labels: { ...matchLabels, ...managedBy } },
      spec: {
        ...{ automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 30 },
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } },
              },
            ],
          },
        },
        topologySpreadConstraints: [
          {
            ...{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
            labelSelector: { matchLabels },
          },
        ],
        securityContext: {
          ...{ runAsNonRoot: true, runAsUser: redisUser, fsGroup: redisUser },
          seccompProfile: { type: 'RuntimeDefault' },
        },
        volumes: [
          { name: 'configuration', configMap: { name } },
          {
            name: 'login',
            secret: { secretName: name, defaultMode: 0o440, items: [{ key: loginKey, path: loginKey }] },
          },
        ],
        containers: [container(cluster, settings)],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: volume, labels: matchLabels },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: `${settings.storageGigabytes}Gi` } },
        },
      },
    ],
  };
}

function container({ name, image }: RedisClusterTopology, { maxMemoryMegabytes }: RedisClusterSettings): object {
  // By themselves, whatever the cluster is: it would never be formed of pods that wait for it.
  const asks = (answer: string) => ['sh', '-c', `redis-cli -h "$POD_IP" ping | grep -qE '${answer}'`];
  const alive = '^PONG|^LOADING|^MASTERDOWN';
  return {
    ...{ name: 'redis', image },
    // The address follows the pod: what nodes.conf says of it may be a former one.
    args: ['redis-server', '/etc/redis/redis.conf', '--cluster-announce-ip', '$(POD_IP)'],
    env: [
      { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
      { name: 'REDISCLI_AUTH', valueFrom: { secretKeyRef: { name, key: passwordKey } } },
    ],
    ports: [
      { name: 'redis', containerPort: redisPort, protocol: 'TCP' },
      { name: 'bus', containerPort: busPort, protocol: 'TCP' },
    ],
    resources: {
      requests: { cpu: '100m', memory: `${maxMemoryMegabytes}Mi` },
      limits: { memory: `${limitMegabytes(maxMemoryMegabytes)}Mi` },
    },
    volumeMounts: [
      { name: volume, mountPath: '/data' },
      { name: 'configuration', mountPath: '/etc/redis', readOnly: true },
      { name: 'login', mountPath: '/etc/redis-login', readOnly: true },
    ],
    // Each is several processes in the pod, so often only until it answers; how long it loads its data is nobody's to limit.
    startupProbe: { exec: { command: asks(alive) }, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
    readinessProbe: { exec: { command: asks('^PONG') }, periodSeconds: 5, timeoutSeconds: 2 },
    livenessProbe: { exec: { command: asks(alive) }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    securityContext: {
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'] },
    },
  };
}

/** In words that differ where anything differs that the runbook sets. */
export function describe(
  kind: RedisClusterKind,
  cluster: RedisClusterTopology,
  settings: RedisClusterSettings,
): string {
  if (kind === 'Secret') return 'a login';
  const { maxMemoryMegabytes, evictionPolicy, nodes, storageGigabytes } = settings;
  const words = {
    ConfigMap: `${maxMemoryMegabytes} MiB, ${evictionPolicy}, every write on disk before its answer`,
    Service: `names of its pods, port ${redisPort}`,
    PodDisruptionBudget: 'at most 1 away',
    StatefulSet: `${nodes} pods of ${cluster.image}, ${storageGigabytes} GiB each`,
  }[kind];
  return `${words} (${digestOf(stringify(manifestOf(kind, cluster, settings).content))})`;
}

/** The name that a StatefulSet gives to the claim of that pod. */
export function claimOf(pod: string): string {
  return `${volume}-${pod}`;
}
