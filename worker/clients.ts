/** The worker's connections, each made or refused with a line that names the address and what to do. */
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { temporal } from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { DefaultAzureCredential } from '@azure/identity';
import { ApplicationFailure } from '@temporalio/common';
import { azureProblem } from '../activities/azure/failures';
import { createCaches } from '../activities/azure/cache-client';
import type { Caches } from '../activities/azure/caches';
import type { FlexibleServers } from '../activities/azure/flexible-servers';
import { createFlexibleServers } from '../activities/azure/management-client';
import { toFailure } from '../activities/failures';
import { searchAttributes } from '../catalogue';
import { ConfigurationError, type WorkerConfiguration } from './configuration';

const { IndexedValueType } = temporal.api.enums.v1;
const defaultTemporalAddress = 'localhost:7233';

export interface TemporalConnection {
  connection: NativeConnection;
  client: Client;
  namespace: string;
}

/** Profiles and TEMPORAL_* variables, as Temporal's own tools read them. Throws ConfigurationError. */
export async function connectTemporal(): Promise<TemporalConnection> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? defaultTemporalAddress;
  try {
    const connection = await NativeConnection.connect(connectionOptions);
    return { connection, client: new Client({ connection, namespace }), namespace };
  } catch (error) {
    const advice = 'start Temporal there, or set TEMPORAL_ADDRESS';
    throw new ConfigurationError([`Temporal at ${address} does not answer (${reasonOf(error)}): ${advice}`]);
  }
}

/** A run that sets an attribute which the server does not know would hang for ever. Throws ConfigurationError. */
export async function assertSearchAttributes({ connection, namespace }: TemporalConnection): Promise<void> {
  let known: Record<string, unknown>;
  try {
    const answer = await connection.operatorService.listSearchAttributes({ namespace });
    known = answer.customAttributes ?? {};
  } catch (error) {
    throw new ConfigurationError([
      `Temporal's namespace ${namespace} does not list its search attributes: ${reasonOf(error)}`,
    ]);
  }
  const problems = Object.entries(searchAttributes).flatMap(([name, type]) => {
    const wanted = IndexedValueType[`INDEXED_VALUE_TYPE_${type}`];
    if (known[name] === wanted) return [];
    const what = known[name] === undefined ? 'is not registered' : `is not of type ${type}`;
    const words = type.split('_').map((word) => word[0] + word.slice(1).toLowerCase());
    return [
      `search attribute ${name} ${what} in namespace ${namespace}: ` +
        `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${words.join('')}`,
    ];
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
}

export function connectAzure({ arm, topology }: WorkerConfiguration): { servers: FlexibleServers; caches: Caches } {
  const credential = new DefaultAzureCredential();
  const options = { ...arm, resourceGroup: topology.azure.resourceGroup, credential };
  return { servers: createFlexibleServers(options), caches: createCaches(options) };
}

/**
 * Asks Azure for the topology's primary. Any answer of ARM's will do: what is wrong with the server is for a run's
 * preflight to say, and is returned here as a warning. Throws ConfigurationError where nothing answers.
 */
export async function assertAzureAnswers(
  servers: FlexibleServers,
  { arm, topology }: WorkerConfiguration,
): Promise<string | undefined> {
  try {
    await servers.readServer(topology.postgres.primary);
    return undefined;
  } catch (error) {
    const failed = toFailure(error, [azureProblem]);
    const type = failed instanceof ApplicationFailure ? failed.type : undefined;
    if (type === 'ServerNotFound' || type === 'NotAuthorized' || type === 'AzureThrottled') return failed.message;
    throw new ConfigurationError([`Azure Resource Manager at ${arm.endpoint}: ${failed.message}`]);
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const text = cause instanceof Error ? cause.message : message;
  return text.split('\n')[0]!.slice(0, 200);
}
