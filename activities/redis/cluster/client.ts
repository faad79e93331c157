/**
 * Nodes of a Redis cluster, each spoken to by itself. Connections are kept while something is being done, because every node
 * is asked several times a second. The password is a reference's value: it is kept nowhere.
 */
import { createClient, RESP_TYPES } from 'redis';
import type { Action } from './convergence';
import { fieldOf, type Member, type Seen, viewOf } from './view';

export interface ClusterNodes {
  /** Never throws: a node that does not answer is silent. */
  read(member: Member): Promise<Seen>;
  /** Throws Redis' own words where the node refuses. */
  perform(action: Action): Promise<void>;
  /** Any command, of one node. */
  ask(member: Member, command: (string | Buffer)[]): Promise<unknown>;
  /** One after the other, and nobody's in between (MULTI). Throws where the node refuses one; those before it are done. */
  transaction(member: Member, commands: (string | Buffer)[][]): Promise<void>;
  /** The names of at most so many of its keys: bytes, for not every name is a text. */
  keysIn(member: Member, slot: number, count: number): Promise<Buffer[]>;
}

/** A node on another continent answers within this. */
const answerMs = 2000;

export async function withClusterNodes<T>(
  password: string | undefined,
  use: (nodes: ClusterNodes) => Promise<T>,
): Promise<T> {
  const clients = new Map<string, Promise<Client>>();

  const clientOf = (member: Member) => {
    const place = `${member.host}:${member.port}`;
    const known = clients.get(place) ?? connect(member, password);
    clients.set(place, known);
    return known;
  };
  const using = async <Answer>(member: Member, send: (client: Client) => Promise<Answer>): Promise<Answer> => {
    try {
      return await send(await clientOf(member));
    } catch (error) {
      if (!isReply(error)) forget(clients, member);
      throw error;
    }
  };
  const ask: ClusterNodes['ask'] = (member, command) => using(member, (client) => client.sendCommand(command));
  const text = async (member: Member, ...command: string[]) => (await ask(member, command)) as string;

  try {
    return await use({
      ask,

      async read(member) {
        try {
          // Before the others: while it loads its data it answers nothing else.
          const info = await text(member, 'INFO');
          if (fieldOf(info, 'loading') === '1') return { member, silent: 'it is loading its data' };
          if (fieldOf(info, 'cluster_enabled') !== '1') return { member, view: viewWithoutCluster };
          const [clusterInfo, nodes, keys] = await Promise.all([
            text(member, 'CLUSTER', 'INFO'),
            text(member, 'CLUSTER', 'NODES'),
            ask(member, ['DBSIZE']),
          ]);
          return { member, view: viewOf({ info, clusterInfo, nodes, keys: Number(keys) }) };
        } catch (error) {
          return { member, silent: (error as Error).message || (error as Error).name };
        }
      },

      async transaction(member, commands) {
        await using(member, (client) =>
          commands.reduce((multi, command) => multi.addCommand(command), client.multi()).exec(),
        );
      },

      keysIn: (member, slot, count) =>
        using(member, (client) =>
          client
            .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
            .sendCommand<Buffer[]>(['CLUSTER', 'GETKEYSINSLOT', String(slot), String(count)]),
        ),

      async perform(action) {
        await ask(action.at, commandOf(action));
      },
    });
  } finally {
    for (const client of clients.values()) client.then((one) => one.destroy()).catch(() => undefined);
  }
}

function commandOf(action: Action): string[] {
  switch (action.kind) {
    case 'meet':
      return ['CLUSTER', 'MEET', action.other.host, String(action.other.port)];
    case 'addSlots':
      return ['CLUSTER', 'ADDSLOTSRANGE', ...action.slots.flat().map(String)];
    case 'replicate':
      return ['CLUSTER', 'REPLICATE', action.master];
  }
}

type Client = ReturnType<typeof newClient>;

const newClient = ({ host, port }: Member, password: string | undefined) =>
  createClient({
    ...(password === undefined ? {} : { password }),
    socket: { host, port, connectTimeout: answerMs, socketTimeout: answerMs, reconnectStrategy: false },
    // A node that went away must not be waited for by its next command.
    disableOfflineQueue: true,
  });

async function connect(member: Member, password: string | undefined): Promise<Client> {
  const client = newClient(member, password);
  // Without a listener the process would end; what is wrong is thrown by the call that meets it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function forget(clients: Map<string, Promise<Client>>, { host, port }: Member): void {
  const place = `${host}:${port}`;
  clients
    .get(place)
    ?.then((client) => client.destroy())
    .catch(() => undefined);
  clients.delete(place);
}

/** The node answered, and refuses: the connection is good. */
function isReply(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]+ /.test(error.message);
}

/** Of a node that runs for itself; it has no other view. */
const viewWithoutCluster = {
  ...{ id: '-', clusterEnabled: false, state: 'fail' as const, keys: 0, linkUp: false },
  known: [{ id: '-', host: '', port: 0, flags: ['myself'], epoch: 0, connected: true, slots: [], moving: [] }],
};
