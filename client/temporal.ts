import type { Client, Connection } from '@temporalio/client';
import { defaultTaskQueue } from '../catalogue';
import { Problem } from './problem';
import { whyUnreachable } from './reach';

/** A connection to Temporal, and where it goes. */
export interface Temporal {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
  taskQueue: string;
  /** Temporal UI's address, without a slash at its end. */
  uiUrl: string;
  close(): Promise<void>;
}

/** How long a server may take to accept a connection. */
const connectTimeout = '3s';

/**
 * Connects by Temporal's own configuration: the profile that `TEMPORAL_PROFILE` names, `TEMPORAL_ADDRESS`,
 * `TEMPORAL_NAMESPACE`, TLS and keys. `identity` is what Temporal's histories show as the caller.
 * The packages are loaded here and no sooner: they cost a quarter of a second, which `runbook list` need not pay.
 * Throws `Unreachable` when nobody answers.
 */
export async function connect(identity: string, env: NodeJS.ProcessEnv = process.env): Promise<Temporal> {
  const { Client, Connection } = await import('@temporalio/client');
  const { connectionOptions, namespace = 'default' } = await settings();
  const address = connectionOptions.address ?? 'localhost:7233';
  const why = await whyNobodyListens(address, env);
  if (why !== undefined) throw unreachable(address, why);
  const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout }).catch(
    (cause: unknown) => {
      throw unreachable(address, 'something listens there, but not as Temporal (TLS, or another service?)', cause);
    },
  );
  return {
    client: new Client({ connection, namespace, identity }),
    connection,
    address,
    namespace,
    taskQueue: env.RUNBOOK_TASK_QUEUE || defaultTaskQueue,
    uiUrl: (env.RUNBOOK_UI_URL || 'http://localhost:8233').replace(/\/+$/, ''),
    close: () => connection.close(),
  };
}

function unreachable(address: string, why: string, cause?: unknown): Problem {
  return new Problem('Unreachable', `Temporal at ${address} does not answer: ${why}`, {
    remedy: 'start it, or set TEMPORAL_ADDRESS (or the profile) to where it runs',
    cause,
  });
}

/**
 * Asked first, because Temporal's client waits for its whole deadline and then says only that it passed. Not where a proxy
 * lies in between, or the address is of another kind: then the client alone knows how to get there.
 */
async function whyNobodyListens(address: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const [, host, port] = /^\[?([^/[\]]+?)\]?:(\d+)$/.exec(address) ?? [];
  const proxied = ['grpc_proxy', 'https_proxy', 'http_proxy'].some((name) => env[name]);
  return host === undefined || proxied ? undefined : whyUnreachable(host, Number(port));
}

async function settings() {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  try {
    return loadClientConnectConfig();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Problem('Other', `Temporal's configuration cannot be read: ${message}`, {
      remedy: 'see TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE and the other TEMPORAL_* variables',
      cause,
    });
  }
}
