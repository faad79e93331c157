/** What a runbook's author writes to get the whole matrix: a state to begin with, and how to ask whether it is there. */
import type { Place } from '../harness/place';
import type { PoolerTrouble } from '../harness/trouble';

/** In a state: how many pods a Redis cluster has. */
export const redisPodsInState = 'pods of the Redis cluster';
export const redisVolumesInState = 'volumes of the Redis cluster';

/** What is so, in words that can be compared: "primary: ARM sku" → "Standard_D4ds_v4". */
export type State = Record<string, string>;

export interface Variant {
  name: string;
  /** Its places need the Kubernetes cluster. */
  cluster?: boolean;
  /** Makes the state that the run begins with. */
  before(place: Place): Promise<void>;
  /** The run's input, less what every run has (who asks, timing). */
  input(place: Place): Record<string, unknown>;
  /** What a run that succeeds changes; all else stays. */
  changes(place: Place): State;
  /** What may befall the pods of its pooler. */
  troubles?: PoolerTrouble[];
  /** Of those: what is a warning of the plan and no refusal where it is there from the beginning. */
  warnings?: PoolerTrouble[];
  /** Where it pauses them: what it asks of Azure then (a part of the request's effect), of the primary (0) or of a replica. */
  pause?: { asking: string; server: number };
  /** What others may do meanwhile to what the run changes, by its name for people; each returns what of the state it has changed. */
  competitors?: Record<string, (place: Place) => Promise<State>>;
}

export interface Subject {
  /** By the name in the catalogue. */
  runbook: string;
  /** The first is the one that `make test` takes. */
  variants: Variant[];
  /** Asks the real parts, knowing nothing of any run. */
  state(place: Place): Promise<State>;
}

/** The state of every server of the place, each named by its role in it. */
export async function stateOfServers({ servers }: Place): Promise<State> {
  const states = await Promise.all(
    servers.names.map(async (server) =>
      Object.entries(await servers.stateOf(server)).map(
        ([what, value]) => [key(servers, server, what), value] as const,
      ),
    ),
  );
  return Object.fromEntries(states.flat());
}

/** "replica-1: ARM sku". */
export function key(servers: Place['servers'], server: string, what: string): string {
  return `${servers.roleOf(server)}: ${what}`;
}

/** One that is made has as many volumes as pods, and its state tells of these alone. */
export function redisPodsIn(state: State): string | undefined {
  return state[redisPodsInState] ?? state[redisVolumesInState];
}
