/** What a shell, a worker or a test needs to reach the lab as it would reach a production: environment variables. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterLayout } from './kubernetes/layout';
import { type Lab, production, repository } from './lab';

export function labEnvironment(lab: Lab): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: lab.temporalAddress,
    ARM_ENDPOINT: lab.resourceManager,
    ARM_CA_FILE: lab.authorityFile,
    ARM_TOKEN: 'lab',
    IDENTITY_ENDPOINT: lab.identityEndpoint,
    IDENTITY_HEADER: lab.configuration.identityHeader,
    NODE_EXTRA_CA_CERTS: lab.authorityFile,
    AZURE_SUBSCRIPTION_ID: production.subscriptionId,
    ...databaseUrls(lab),
    ...redisUrl(lab),
    PGSSLROOTCERT: lab.authorityFile,
    RUNBOOK_SECRETS: lab.secretsFolder,
    RUNBOOK_TOPOLOGY: join(repository, 'config', 'production.yaml'),
    RUNBOOK_UI_URL: lab.temporalUi,
    RUNBOOK_TASK_QUEUE: lab.configuration.taskQueue,
    ...(lab.configuration.kubernetes && { KUBECONFIG: new ClusterLayout(lab).kubeconfig }),
  };
}

/** As lines for `eval`. */
export function exportLines(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
    .join('\n');
}

/** Where there is a cluster. */
function redisUrl(lab: Lab): Record<string, string> {
  return existsSync(lab.redisUrlFile) ? { REDIS_URL: readFileSync(lab.redisUrlFile, 'utf8') } : {};
}

/** Absent once the primary was deleted: there is nothing to connect to. */
function databaseUrls(lab: Lab): Record<string, string> {
  const [application, admin] = [
    lab.secretFile(production.primary, 'application-url'),
    lab.secretFile(production.primary, 'admin-url'),
  ];
  return {
    ...(existsSync(application) && { DATABASE_URL: readFileSync(application, 'utf8') }),
    ...(existsSync(admin) && { DATABASE_ADMIN_URL: readFileSync(admin, 'utf8') }),
  };
}
