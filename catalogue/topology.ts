import { z } from 'zod';
import { identity, resourceName } from './run-input';

/**
 * The names of one production and its policies, read from a YAML file (config/production.yaml). References to secrets,
 * never secrets.
 */
const askPolicy = z.enum(['none', 'required']);

/** RFC 1123 label: names of namespaces and of most objects (kubernetes.io, "Object Names and IDs"). */
export const kubernetesName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, '1 to 63 lower-case letters, digits and hyphens');

/** A key of a Secret or ConfigMap (kubernetes.io, "Secrets", Constraints on Secret names and data). */
const secretKey = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/);

/** One deployment that runbooks may change, and what is known of it that Kubernetes does not know. */
const deploymentSchema = z.strictObject({
  name: kubernetesName,
  replicas: z
    .strictObject({
      min: z.int().min(1),
      max: z.int().min(1).max(1000),
      /** What an autoscaler may go up to in normal operation: given back to it when its floor is lowered. */
      autoscalerMax: z.int().min(1).max(1000).optional(),
    })
    .refine(({ min, max }) => min <= max, 'min is greater than max'),
  /** The way on which its clients reach it, measured during a run. */
  clientUrl: z
    .url({ protocol: /^https?$/ })
    .refine(
      (url) => !URL.canParse(url) || new URL(url).username === '',
      'a URL with a password: histories would carry it',
    )
    .optional(),
  /** What every pod must answer itself with a status below 400. */
  podEndpoint: z.strictObject({ port: z.int().min(1).max(65_535), path: z.string().startsWith('/') }).optional(),
  /** Connections that each pod opens to the primary: an environment variable, and what holds where it is not set. */
  databasePool: z
    .strictObject({ variable: z.string().regex(/^[A-Z][A-Z0-9_]*$/), default: z.int().min(1).max(1000) })
    .optional(),
  /** The variable by which its pods reach the primary, the key of a Secret that it comes from, and the one for the pooler's address. */
  primaryUrl: z
    .strictObject({
      variable: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
      secret: kubernetesName,
      key: secretKey,
      pooledKey: secretKey,
    })
    .refine(({ key, pooledKey }) => key !== pooledKey, 'key and pooledKey are the same: the direct URL stays')
    .optional(),
  /**
   * The variable by which its pods read from a replica, and the key of a Secret that it comes from: one that no other
   * deployment has, for the address in it names the deployment.
   */
  readReplica: z
    .strictObject({
      variable: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
      secret: kubernetesName,
      key: secretKey,
      /** The key of the same Secret with the URL of the primary: the replica's is the same but for its host. */
      primaryKey: secretKey,
    })
    .optional(),
  redisConnectionsPerPod: z.int().min(1).max(1000).optional(),
  /** Lists in Redis that its pods drain. */
  queues: z.array(z.string().min(1).max(200)).max(20).default([]),
  /** US dollars. */
  costPerPodHour: z.number().min(0).optional(),
});
export type DeploymentTopology = z.infer<typeof deploymentSchema>;

function haveOwnKeys(deployments: DeploymentTopology[]): boolean {
  const keys = deployments.flatMap(({ readReplica }) =>
    readReplica ? `${readReplica.secret}/${readReplica.key}` : [],
  );
  return new Set(keys).size === keys.length;
}

/** By a digest, or a tag that is not `latest`: what was verified is what runs (kubernetes.io, "Images"). */
const pinnedImage = z
  .string()
  .max(300)
  .regex(
    /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:(?!latest($|@))[\w][\w.-]*|(:[\w.-]+)?@sha256:[0-9a-f]{64})$/,
    'an image with a tag other than latest, or with a digest',
  );

/** The connection pooler between the deployments and the primary. */
const poolerSchema = z.strictObject({
  /** Of its Deployment, Service, PodDisruptionBudget and Secret. */
  name: kubernetesName,
  /** Whose own command reads /etc/pgbouncer/pgbouncer.ini. */
  image: pinnedImage,
  /** With one, no node could be drained: the PodDisruptionBudget keeps one. */
  replicas: z.int().min(2).max(50).default(2),
  /** This project's image: readiness and metrics (sidecar/). */
  sidecarImage: pinnedImage,
  /** The key with the application's connection URL, from which the pool's role, password, server and database come. */
  application: z.strictObject({ secret: kubernetesName, key: secretKey }),
  /** Who signs the server's certificate, as PEM. */
  authorities: z.strictObject({ configMap: kubernetesName, key: secretKey }),
});
export type PoolerTopology = z.infer<typeof poolerSchema>;

/** Redis in cluster mode, on pods of its own. */
const redisClusterSchema = z.strictObject({
  /** Of its StatefulSet, Service, PodDisruptionBudget, ConfigMap and Secret, and the label `app` of its pods. */
  name: kubernetesName.max(40),
  /** Redis 7 or newer, or Valkey, with programs under the names of Redis'. */
  image: pinnedImage,
  /** What applications keep in it: where that is more than a cache, no key may be evicted. */
  holds: z.array(z.enum(['cache', 'sessions', 'queues'])).default(['cache']),
});
export type RedisClusterTopology = z.infer<typeof redisClusterSchema>;

const kubernetesSchema = z.strictObject({
  namespace: kubernetesName,
  deployments: z
    .array(deploymentSchema)
    .max(100)
    .refine(haveOwnKeys, 'two deployments have one key of readReplica: each needs its own'),
  /** Absent where there is none, and none is to be. */
  pooler: poolerSchema.optional(),
  /** Likewise. */
  redisCluster: redisClusterSchema.optional(),
  /** Where a cluster autoscaler adds nodes: pods that do not fit wait for it instead of being refused. */
  nodeAutoscaler: z.strictObject({ minutesPerNode: z.number().positive() }).optional(),
});

export const topologySchema = z.strictObject({
  environment: z.string().min(1).max(63),
  azure: z.strictObject({
    resourceGroup: z.string().regex(/^[A-Za-z0-9._()-]{1,90}$/),
  }),
  postgres: z.strictObject({
    /** Default of `server`. */
    primary: resourceName,
    database: z.string().min(1).max(63),
    applicationRole: z.string().min(1).max(63),
    /** Who connects, and what they survive: preflight warns by name where the expected stall is longer. */
    clients: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(63),
          /** How long the client waits for a connection before it fails a request, seconds. */
          connectTimeoutSeconds: z.number().positive().optional(),
          /** Failing probes for this long restart the client, seconds. */
          livenessToleranceSeconds: z.number().positive().optional(),
        }),
      )
      .default([]),
    /** The newest automated backup may be at most this old, hours. */
    backupAgeHoursMax: z.number().positive().default(26),
  }),
  /** Absent where there is no Azure Cache for Redis. */
  redis: z
    .strictObject({
      /** Default of `cache`. */
      cache: resourceName,
      /** How the keys begin that runs write into the cache, and delete again. */
      markerPrefix: z.string().min(1).max(100).default('durable-runbooks:'),
      /** US dollars, by "Standard C3" or "Premium P3"; a shard of a cluster costs as much as a cache. */
      costPerHour: z.record(z.string(), z.number().min(0)).default({}),
    })
    .optional(),
  /** Absent where nothing of it runs on Kubernetes. */
  kubernetes: kubernetesSchema.optional(),
  approval: z.strictObject({
    reversible: askPolicy.default('none'),
    lossy: askPolicy.default('required'),
    irreversible: askPolicy.default('required'),
    /** Who may approve; anyone but the requester where empty. */
    approvers: z.array(identity).default([]),
  }),
});
export type Topology = z.infer<typeof topologySchema>;
