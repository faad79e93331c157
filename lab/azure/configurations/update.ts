/**
 * PATCH or PUT of a server parameter: written to PostgreSQL's configuration and reloaded. A static parameter then waits
 * for a restart of the server, whatever causes it (`isConfigPendingRestart`).
 */
import type { Setting } from '../../postgres/server';
import type { Context } from '../context';
import { providerErrors } from '../errors';
import type { FlexibleServer } from '../flexible-servers/record';
import { skuOf } from '../flexible-servers/rules';
import { relativesOf } from '../flexible-servers/update';
import type { OperationKind } from '../operations';
import { defaultMaxConnections, memorySettings } from '../skus';
import { isOwn, ownSettings } from './own';
import { replicaAtLeastPrimary } from './catalogue';
import { assertReplicaOrder, assertValue, type Relative } from './rules';
import { valueOf } from './view';

export interface ConfigurationParameters {
  configuration: string;
  value: string;
  /** Back to the default: no override remains. */
  reset: boolean;
}

/** Defaults that follow the size. */
export function sizedDefaults(server: FlexibleServer, memoryFactor: number): Record<string, string> {
  const sku = skuOf(server);
  return { ...memorySettings(sku, memoryFactor), max_connections: String(defaultMaxConnections(sku)) };
}

/** Throws what Azure refuses at once; returns what the operation is to do. */
export async function planConfiguration(
  context: Context,
  server: FlexibleServer,
  setting: Setting,
  body: { value?: string; source?: string },
): Promise<ConfigurationParameters> {
  const reset = body.source?.toLowerCase() === 'system-default';
  const override = server.configuration[setting.name];
  const fallback =
    sizedDefaults(server, context.options.memoryFactor)[setting.name] ?? override?.default ?? setting.value;
  const value = body.value ?? (reset ? fallback : undefined);
  if (value === undefined) throw providerErrors.invalidParameter('value');
  assertValue(setting, value);
  if (replicaAtLeastPrimary.includes(setting.name)) {
    assertReplicaOrder(setting.name, value, await relativeValues(context, server, setting.name));
  }
  return { configuration: setting.name, value, reset };
}

export const updateConfiguration: OperationKind<ConfigurationParameters> = {
  repeatable: true,
  async perform(context, operation) {
    const { configuration, value, reset } = operation.parameters;
    const server = context.store.server(operation.server)!;
    const process = context.postgres(server.name);
    const live = [...(await process.settings()), ...ownSettings(server)].find(({ name }) => name === configuration);
    if (!isOwn(configuration)) await process.configure({ [configuration]: value });
    const { [configuration]: before, ...others } = server.configuration;
    const override = { value, default: before?.default ?? live?.value ?? value };
    context.store.putServer({ ...server, configuration: reset ? others : { ...others, [configuration]: override } });
  },
};

async function relativeValues(
  context: Context,
  server: FlexibleServer,
  name: string,
): Promise<{ primary?: Relative; replicas: Relative[] }> {
  const relative = async (other: FlexibleServer): Promise<Relative> => {
    const setting = (await context.postgres(other.name).settings()).find((one) => one.name === name);
    return { name: other.name, value: setting ? valueOf(setting, other) : '0' };
  };
  const { primary, replicas } = relativesOf(context, server);
  return {
    primary: primary?.started ? await relative(primary) : undefined,
    replicas: await Promise.all(replicas.filter(({ started }) => started).map(relative)),
  };
}
