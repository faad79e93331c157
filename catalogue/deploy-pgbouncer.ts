import { z } from 'zod';
import { runInput } from './run-input';

/** Input of `deployPgbouncer`. The pool and the clients are the scaling guide's; where it runs is the topology's to say. */
export const deployPgbouncerInput = runInput.extend({
  /** Connections to the server that each pod opens at most (default_pool_size, max_db_connections). */
  poolSize: z.int().min(1).max(1000).default(25),
  /** Clients that each pod takes at most (max_client_conn). */
  maxClientConnections: z.int().min(10).max(100_000).default(1000),
  /** How soon a failed login to the server is tried again; PgBouncer's own 15 s turn new clients away for so long. */
  serverLoginRetrySeconds: z.number().min(0.1).max(60).default(1),
  /** A client that waits longer than this for a server connection is cut off. */
  queryWaitTimeoutSeconds: z.int().min(1).max(3600).default(120),
  /** Start-up parameters of clients that are dropped instead of refused; their meaning is lost. */
  ignoreStartupParameters: z
    .array(z.string().regex(/^[a-z_]{1,63}$/, 'names of parameters, such as extra_float_digits'))
    .max(20)
    .default(['extra_float_digits']),
});
export type DeployPgbouncerInput = z.infer<typeof deployPgbouncerInput>;
