/** A deployment that can read from a replica, as the production's API does: with a Secret of its own. */
import { makeTables } from '../../../lab/kubernetes/seed/database';
import { until } from '../../../lab/processes';
import { ask } from '../../../lab/traffic/requests';
import type { Cluster, KnownDeployment } from './cluster';
import type { Database } from './database';
import { Workload } from './workload';

const variable = 'DATABASE_READ_REPLICA_URL';
const [key, primaryKey] = ['READ_URL', 'DATABASE_URL'];
const secretOf = (name: string) => `${name}-database`;
/** As the lab's own production mounts them. */
const authorities = { configMap: 'azure-certificate-authorities', folder: '/etc/azure' };
const deadlineMs = 60_000;

/** What the topology says of a reader. */
export function reader(name: string): KnownDeployment {
  return { name, readReplica: { variable, secret: secretOf(name), key, primaryKey } };
}

export interface ReaderWish {
  replicas?: number;
  annotations?: Record<string, string>;
  /** Of the template. */
  environment?: Record<string, string>;
}

/** What of it a run could change by mistake. */
export interface ReaderLook {
  /** Hash of the template. */
  generation: number;
  /** From where the variable comes; absent where it is not set. */
  variable?: string;
  /** Keys of its Secret. */
  keys: string[];
}

export class Reader {
  readonly workload: Workload;

  private constructor(
    private readonly cluster: Cluster,
    readonly name: string,
  ) {
    this.workload = Workload.of(cluster, name);
  }

  /** Returns when its pods are Ready. */
  static async make(
    cluster: Cluster,
    name: string,
    database: Database,
    { replicas = 1, annotations = {}, environment = {} }: ReaderWish = {},
  ): Promise<Reader> {
    const made = new Reader(cluster, name);
    await makeTables(await database.applicationUrl());
    const url = await database.applicationUrl({ sslrootcert: `${authorities.folder}/ca.pem` });
    await cluster.create('secret', { metadata: { name: secretOf(name) }, stringData: { [primaryKey]: url } });
    await cluster.create('deployment', deployment(made, { replicas, annotations, environment }));
    const ready = async () => (await made.workload.readyPods()) >= replicas;
    await until(`${name} is ready`, ready, { deadlineMs, everyMs: 250 });
    return made;
  }

  /** Of a tag that nobody else has: what is pushed under it is this reader's trouble alone. */
  get image(): string {
    return `broxiva/api:1.0.0-${this.name}`;
  }

  async look(): Promise<ReaderLook> {
    const { metadata, spec } = await this.workload.get();
    const { env } = spec.template.spec.containers[0];
    const from = env.find(({ name }: { name: string }) => name === variable)?.valueFrom?.secretKeyRef;
    const { data } = await this.cluster.get('secret', secretOf(this.name));
    return {
      generation: metadata.generation,
      ...(from ? { variable: `${from.name}/${from.key}` } : {}),
      keys: Object.keys(data).sort(),
    };
  }

  /** What its pods read from the replica by; undefined where there is no such address. */
  async address(): Promise<URL | undefined> {
    const { data } = await this.cluster.get('secret', secretOf(this.name));
    return data[key] === undefined ? undefined : new URL(Buffer.from(data[key], 'base64').toString());
  }

  /** Clients of its pods, as long as `work` takes. */
  async asked<T>(work: () => Promise<T>): Promise<T> {
    let going = true;
    const asking = (async () => {
      while (going) {
        const pods = await this.cluster.list('pod', `app=${this.name}`);
        for (const { status } of pods) {
          if (status.podIP) await ask(`http://${status.podIP}:3000/api/products`).catch(() => undefined);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    return work().finally(async () => {
      going = false;
      await asking;
    });
  }
}

/** What a run does to a reader, in the words of `Cluster.mutations`. */
export const publishes = (name: string) => `patch secrets ${secretOf(name)}`;
export const wires = (name: string) => `${name} ${variable} from ${secretOf(name)}/${key}`;
export const unwires = (name: string) => `${name} ${variable} deleted`;

function deployment({ name, image }: Reader, { replicas, annotations, environment }: Required<ReaderWish>): object {
  const app = { app: name };
  const databaseUrl = { secretKeyRef: { name: secretOf(name), key: primaryKey } };
  return {
    metadata: { name, labels: app, annotations },
    spec: {
      ...{ replicas, selector: { matchLabels: app } },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: app },
        spec: {
          terminationGracePeriodSeconds: 30,
          volumes: [{ name: 'authorities', configMap: { name: authorities.configMap } }],
          containers: [
            {
              ...{ name: 'api', image },
              env: [
                { name: primaryKey, valueFrom: databaseUrl },
                ...Object.entries(environment).map(([variableName, value]) => ({ name: variableName, value })),
              ],
              volumeMounts: [{ name: 'authorities', mountPath: authorities.folder, readOnly: true }],
              resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
              readinessProbe: { httpGet: { path: '/api/health', port: 3000 }, periodSeconds: 1, timeoutSeconds: 5 },
            },
          ],
        },
      },
    },
  };
}
