/**
 * The worker's environment variables → one typed object. Everything that is missing or wrong is named at once, each in a
 * line that says what to do.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { defaultTaskQueue, topologySchema, type Topology } from '../catalogue';
import type { ConnectionSources } from '../activities/postgres/connection-url';

export interface WorkerConfiguration {
  taskQueue: string;
  arm: { endpoint: string; subscriptionId: string };
  topology: Topology;
  connections: ConnectionSources;
  /** The application's Redis; redis/url in the secrets' folder comes before it. */
  redisUrl?: string;
  /** Who signs the PostgreSQL servers' certificates. */
  certificateFile?: string;
  /** Where Prometheus finds metrics, such as "0.0.0.0:9464"; none where absent. */
  metricsAddress?: string;
  logLevel: string;
  settleMs?: number;
}

/** What a person has to put right: one line a problem. */
export class ConfigurationError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
  }
}

const folder = z
  .string()
  .refine((path) => existsSync(path) && statSync(path).isDirectory(), 'not a folder that exists');
const file = z.string().refine((path) => existsSync(path) && statSync(path).isFile(), 'not a file that exists');
const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'not of the form postgresql://role:password@host/database',
});

const variables = z.object({
  RUNBOOK_TASK_QUEUE: z.string().min(1).max(200).default(defaultTaskQueue),
  RUNBOOK_TOPOLOGY: z.string().default('config/production.yaml'),
  RUNBOOK_SECRETS: folder.optional(),
  RUNBOOK_METRICS_ADDRESS: z
    .string()
    .regex(/^\S+:\d{1,5}$/, 'not of the form address:port, such as 0.0.0.0:9464')
    .optional(),
  RUNBOOK_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  RUNBOOK_SETTLE_SECONDS: z.coerce.number().min(0).max(600).optional(),
  ARM_ENDPOINT: z
    .url({ protocol: /^https$/, error: 'not an https:// address' })
    .default('https://management.azure.com'),
  AZURE_SUBSCRIPTION_ID: z.guid('not the UUID of a subscription'),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_ADMIN_URL: postgresUrl.optional(),
  PGSSLROOTCERT: file.optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'not of the form redis://host:port' }).optional(),
});

/** What to do about a variable that is missing or wrong. */
const advice: Partial<Record<keyof z.infer<typeof variables>, string>> = {
  AZURE_SUBSCRIPTION_ID: 'set it to the subscription of the servers (az account show --query id)',
  ARM_ENDPOINT: 'leave it away for public Azure, or give the address of Azure Resource Manager',
  RUNBOOK_SECRETS: 'mount the Secret with <server>/application-url and <server>/admin-url there, or leave it away',
  DATABASE_URL: "set it to the application's connection URL of the primary",
  DATABASE_ADMIN_URL: "set it to the administrator's connection URL of the primary",
  PGSSLROOTCERT: "give the certificate authorities of the PostgreSQL servers, or leave it away for the system's",
};

/** Throws ConfigurationError with every problem. */
export function readConfiguration(environment: NodeJS.ProcessEnv): WorkerConfiguration {
  // An empty variable is one that is not set, as Kubernetes and compose files leave them.
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = variables.safeParse(given);
  const topology = readTopologyFile(String(given.RUNBOOK_TOPOLOGY ?? 'config/production.yaml'));
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given))),
    ...missingUrls(given),
    ...('problems' in topology ? topology.problems : []),
  ];
  if (!parsed.success || 'problems' in topology || problems.length > 0) throw new ConfigurationError(problems);
  return configurationOf(parsed.data, topology);
}

function configurationOf(value: z.infer<typeof variables>, topology: Topology): WorkerConfiguration {
  const optional = <K extends string, V>(key: K, given: V | undefined) =>
    (given === undefined ? {} : { [key]: given }) as { [key in K]?: V };
  return {
    taskQueue: value.RUNBOOK_TASK_QUEUE,
    arm: { endpoint: value.ARM_ENDPOINT.replace(/\/+$/, ''), subscriptionId: value.AZURE_SUBSCRIPTION_ID },
    topology,
    connections: {
      primary: topology.postgres.primary,
      ...optional('secretsFolder', value.RUNBOOK_SECRETS),
      ...optional('databaseUrl', value.DATABASE_URL),
      ...optional('databaseAdminUrl', value.DATABASE_ADMIN_URL),
    },
    logLevel: value.RUNBOOK_LOG_LEVEL,
    ...optional('certificateFile', value.PGSSLROOTCERT),
    ...optional('redisUrl', value.REDIS_URL),
    ...optional('metricsAddress', value.RUNBOOK_METRICS_ADDRESS),
    ...optional(
      'settleMs',
      value.RUNBOOK_SETTLE_SECONDS === undefined ? undefined : value.RUNBOOK_SETTLE_SECONDS * 1000,
    ),
  };
}

function problemOf({ path, message }: z.core.$ZodIssue, given: Record<string, unknown>): string {
  const name = String(path[0]) as keyof typeof advice;
  const value = given[name];
  // A connection URL carries a password: it is never repeated.
  const shown = /^(DATABASE|REDIS)_/.test(name) ? 'its value' : JSON.stringify(value);
  const what = value === undefined ? `${name} is not set` : `${name}: ${shown} is ${message}`;
  return advice[name] ? `${what}: ${advice[name]}` : what;
}

function missingUrls(given: Record<string, unknown>): string[] {
  if (given.RUNBOOK_SECRETS) return [];
  return (['DATABASE_URL', 'DATABASE_ADMIN_URL'] as const)
    .filter((name) => !given[name])
    .map((name) => `${name} is not set, nor RUNBOOK_SECRETS: ${advice[name]}`);
}

function readTopologyFile(path: string): Topology | { problems: string[] } {
  const where = `RUNBOOK_TOPOLOGY=${path}`;
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? 'there is no such file: give the path of the topology'
      : String((error as Error).message).split('\n')[0];
    return { problems: [`${where}: ${why}`] };
  }
  const parsed = topologySchema.safeParse(content);
  if (parsed.success) return parsed.data;
  return {
    problems: parsed.error.issues.map(
      ({ path: field, message }) => `${where}: ${field.join('.') || 'the file'}: ${message}`,
    ),
  };
}
