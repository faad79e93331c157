/**
 * Nodes of a Redis cluster, each spoken to by itself. Connections are kept while something is being done, because every node
 * is asked several times a second. The password is a reference's value: it is kept nowhere.
 */
import { createClient, MultiErrorReply, RESP_TYPES } from 'redis';
import { connected } from '../connected';
import { withoutArguments } from '../failures';
import { fieldOf } from '../info';
import type { Action } from './convergence';
import { nativeCommands, offersNative, slotMigrationsOf } from './native';
import { type Member, type Seen, type SlotMigration, viewOf } from './view';

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
  /** All of them, as FUNCTION RESTORE takes them. Throws where the server cannot. */
  dumpFunctions(member: Member): Promise<Buffer>;
  /** Throws where the server cannot. */
  migrations(member: Member): Promise<SlotMigration[]>;
}

/** A node on another continent answers within this. */
const answerMs = 2000;

export async function withClusterNodes<T>(
  password: string | undefined,
  use: (nodes: ClusterNodes) => Promise<T>,
): Promise<T> {
  const clients = new Map<string, Promise<Client>>();
  /** A server that is replaced by another has another connection. */
  const native = new WeakMap<Client, Promise<boolean>>();

  /** One whose server went away is closed, and so is one on which nobody said anything for `answerMs`: another takes its place. */
  const clientOf = async (member: Member): Promise<Client> => {
    const place = `${member.host}:${member.port}`;
    for (;;) {
      const opening = clients.get(place) ?? connected(newClient(member, password));
      clients.set(place, opening);
      const client = await opening.catch((error: unknown) => {
        forget(place, opening);
        throw error;
      });
      if (client.isOpen) return client;
      forget(place, opening);
    }
  };
  /** Only that one: several who wait for it learn of its end one after the other, and the first has begun another by then. */
  const forget = (place: string, opening: Promise<Client>) => {
    if (clients.get(place) === opening) clients.delete(place);
  };
  const using = async <Answer>(member: Member, send: (client: Client) => Promise<Answer>): Promise<Answer> => {
    try {
      return await send(await clientOf(member));
    } catch (error) {
      if (error instanceof Error) error.message = withoutArguments(error.message);
      throw error;
    }
  };
  const ask: ClusterNodes['ask'] = (member, command) => using(member, (client) => client.sendCommand(command));
  const askForBytes = <Answer>(member: Member, command: string[]) =>
    using(member, (client) =>
      client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).sendCommand<Answer>(command),
    );
  const text = async (member: Member, ...command: string[]) => (await ask(member, command)) as string;
  const isNative = (member: Member) =>
    using(member, (client) => {
      const known = native.get(client) ?? client.sendCommand(['COMMAND', 'INFO', ...nativeCommands]).then(offersNative);
      native.set(client, known);
      return known;
    });
  const migrations: ClusterNodes['migrations'] = async (member) =>
    slotMigrationsOf(await ask(member, ['CLUSTER', 'GETSLOTMIGRATIONS']));

  try {
    return await use({
      ...{ ask, migrations },

      async read(member) {
        try {
          // Before the others: while it loads its data it answers nothing else.
          const [info, canMigrate] = await Promise.all([text(member, 'INFO'), isNative(member)]);
          if (fieldOf(info, 'loading') === '1') return { member, silent: 'it is loading its data' };
          if (fieldOf(info, 'cluster_enabled') !== '1') return { member, view: viewWithoutCluster };
          const [own, clusterInfo, nodes, keys] = await Promise.all([
            // Before what it says of slots: what is over by then has moved them.
            canMigrate ? migrations(member) : undefined,
            text(member, 'CLUSTER', 'INFO'),
            text(member, 'CLUSTER', 'NODES'),
            ask(member, ['DBSIZE']),
          ]);
          const view = viewOf({ info, clusterInfo, nodes, keys: Number(keys), ...(own ? { migrations: own } : {}) });
          return { member, view };
        } catch (error) {
          return { member, silent: (error as Error).message || (error as Error).name };
        }
      },

      async transaction(member, commands) {
        await using(member, (client) =>
          commands
            .reduce((multi, command) => multi.addCommand(command), client.multi())
            .exec()
            .catch((error: unknown) => {
              // It counts the refusals, and does not say what they are.
              throw error instanceof MultiErrorReply ? error.errors().next().value : error;
            }),
        );
      },

      keysIn: (member, slot, count) =>
        askForBytes<Buffer[]>(member, ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(count)]),

      dumpFunctions: (member) => askForBytes<Buffer>(member, ['FUNCTION', 'DUMP']),

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
    // The socket has a time-out; one of each command would cost more than the command, of which there are tens of thousands.
    commandOptions: { timeout: 0 },
  });

/** Of a node that runs for itself; it has no other view. */
const viewWithoutCluster = {
  ...{ id: '-', clusterEnabled: false, state: 'fail' as const, keys: 0, linkUp: false },
  known: [{ id: '-', host: '', port: 0, flags: ['myself'], epoch: 0, connected: true, slots: [], moving: [] }],
};
