/** The server as the application meets it past the pooler: by this a restart is seen, and preflight tries it beforehand. */
import { ApplicationFailure } from '@temporalio/common';
import type { FlexibleServer } from '../azure/flexible-servers';
import { toFailure } from '../failures';
import { beginWriting } from '../pgbouncer/console';
import { type Client, connect, type ConnectionLimits, readLimits } from '../postgres/connection';
import { connectionUrl } from '../postgres/connection-url';
import { postgresProblem } from '../postgres/failures';
import { readSettings } from '../postgres/reads';
import type { RestartDependencies } from './dependencies';

type Reached = Pick<FlexibleServer, 'name' | 'host' | 'source'>;
type Sources = Pick<RestartDependencies, 'connections' | 'certificateFile'>;

/** Logs in, and writes where the server is no replica. Throws where it cannot. */
export async function asApplication<T>(
  server: Reached,
  { connections, certificateFile }: Sources,
  read: (client: Client) => Promise<T>,
  limits: ConnectionLimits = readLimits,
): Promise<T> {
  const client = await connect(await connectionUrl(server, 'application', connections), limits, certificateFile);
  try {
    if (server.source === undefined) await beginWriting(client);
    return await read(client);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** Why it cannot; undefined where it can. Throws for what waiting may mend. */
export async function whatKeepsApplicationOut(server: Reached, use: Sources): Promise<string | undefined> {
  try {
    await asApplication(server, use, readSettings);
    return undefined;
  } catch (error) {
    const failed = toFailure(error, [postgresProblem]);
    if (failed instanceof ApplicationFailure && failed.nonRetryable) return failed.message;
    throw failed;
  }
}
