/** The servers around the one that is restarted: the one that it follows, and those that follow it. Reads only. */
import { judgeReplica } from '../database/judgement';
import { onServer } from '../database/sql';
import { toFailure } from '../failures';
import type { Client } from '../postgres/connection';
import { postgresProblem } from '../postgres/failures';
import { readReplicaState, readSettings } from '../postgres/reads';
import type { NeighbourFacts, Values } from './contract';
import type { RestartDependencies } from './dependencies';

/** Math.min or Math.max. */
type Choice = (one: number, other: number) => number;

/** `names`: of parameters that PostgreSQL wants in an order. Where there is none, the primary is not asked anything. */
export async function lookAtSource(source: string, names: string[], use: RestartDependencies): Promise<NeighbourFacts> {
  if (names.length === 0) return { name: source, values: {}, problems: [] };
  return lookAt(source, { names, pick: Math.max, judge: async () => [] }, use);
}

/** `position`: where its primary's WAL ended; undefined where that could not be asked, which is refused by itself. */
export function lookAtReplica(
  replica: string,
  names: string[],
  position: string | undefined,
  use: RestartDependencies,
): Promise<NeighbourFacts> {
  const judge = async (client: Client) =>
    position === undefined ? [] : judgeReplica(await readReplicaState(client, position), `replica ${replica}`);
  return lookAt(replica, { names, pick: Math.min, judge }, use);
}

/** Pure. Of what ARM says, which may wait for a restart, and what the server runs with: either can be so when it counts. */
export function strictest(configured: string, running: string | undefined, pick: Choice): string {
  return running === undefined ? configured : String(pick(Number(configured), Number(running)));
}

interface Asked {
  running: Values;
  problems: string[];
}

/** One that does not answer is told of by its name, and no reason to try again: it may have been stopped for good. */
async function lookAt(
  name: string,
  { names, pick, judge }: { names: string[]; pick: Choice; judge: (client: Client) => Promise<string[]> },
  use: RestartDependencies,
): Promise<NeighbourFacts> {
  const { servers } = use;
  const [server, configured] = await Promise.all([
    servers.readServer(name),
    Promise.all(names.map((parameter) => servers.readParameter(name, parameter))),
  ]);
  const asked = onServer<Asked>(server, 'admin', use, async (client) => ({
    running: (await readSettings(client, names)).settings,
    problems: await judge(client),
  }));
  const { running, problems } = await asked.catch((error: unknown): Asked => {
    const { message } = toFailure(error, [postgresProblem]);
    return { running: {}, problems: [`${name} (${server.state}) cannot be asked: ${message}`] };
  });
  const values = configured.map((one) => [one.name, strictest(one.value, running[one.name], pick)]);
  return { name, values: Object.fromEntries(values) as Values, problems };
}
