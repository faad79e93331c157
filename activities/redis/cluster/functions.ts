/**
 * Redis Functions. Each master has its own, its replicas have theirs from it, and they do not go with slots: a client that calls one where
 * it is not fails. So a master has what the one has that it gets its first slot from, before that comes.
 * (redis.io/docs/latest/develop/programmability/functions-intro, functions in a cluster)
 */
import { all } from './batch';
import type { ClusterNodes } from './client';
import { fieldsOf } from './native';
import type { Node } from './nodes';

/** Name → code. */
export type Libraries = ReadonlyMap<string, string>;

/** From the answer to FUNCTION LIST WITHCODE. Pure. */
export function librariesOf(answer: unknown): Libraries {
  return new Map(
    (answer as unknown[]).map(fieldsOf).map((fields) => [fields.get('library_name')!, fields.get('library_code')!]),
  );
}

/** The name of one that the two do not have alike. Pure. */
export function differingIn(one: Libraries, other: Libraries): string | undefined {
  return [...new Set([...one.keys(), ...other.keys()])].find((name) => one.get(name) !== other.get(name));
}

/** The first difference between these masters, as a sentence; undefined where there is none. Throws Redis' own words. */
export async function differingFunctions(nodes: ClusterNodes, masters: Node[]): Promise<string | undefined> {
  const [first, ...others] = await all(masters.map((master) => read(nodes, master)));
  for (const other of others) {
    const name = differingIn(first!.libraries, other.libraries);
    if (name !== undefined) {
      return `function library ${name} is not the same on ${first!.pod} and ${other.pod}: load it on every master, or delete it there`;
    }
  }
  return undefined;
}

/**
 * Of masters that have their first slots, one whose functions are those of none of the `others`, as a sentence: these may be getting other
 * ones just now, by whoever deploys them.
 */
export async function unequipped(nodes: ClusterNodes, arrived: Node[], others: Node[]): Promise<string | undefined> {
  if (arrived.length === 0) return undefined;
  const [there, elsewhere] = await Promise.all(
    [arrived, others].map((masters) => all(masters.map((master) => read(nodes, master)))),
  );
  for (const { pod, libraries } of there!) {
    const names = elsewhere!.map((other) => differingIn(libraries, other.libraries));
    if (names.length > 0 && !names.includes(undefined)) {
      return `function library ${names[0]} of ${pod} is not that of the other masters: load it there, or delete it`;
    }
  }
  return undefined;
}

/**
 * A master without slots: no client calls anything there, and whatever it has is replaced. Throws what `assertAwake` throws, and Redis' own
 * words.
 */
export async function equip(nodes: ClusterNodes, from: Node, to: Node, assertAwake: () => void): Promise<void> {
  const [giver, taker] = await all([read(nodes, from), read(nodes, to)]);
  if (differingIn(giver!.libraries, taker!.libraries) === undefined) return;
  const dump = await nodes.dumpFunctions(from.member);
  assertAwake();
  await nodes.ask(to.member, ['FUNCTION', 'RESTORE', dump, 'FLUSH']);
}

/** None where the server is older than functions are (Redis 7). */
async function read(nodes: ClusterNodes, { member }: Node): Promise<{ pod: string; libraries: Libraries }> {
  try {
    const { pod } = member;
    return { pod, libraries: librariesOf(await nodes.ask(member, ['FUNCTION', 'LIST', 'WITHCODE'])) };
  } catch (error) {
    if (/unknown command/i.test((error as Error).message)) return { pod: member.pod, libraries: new Map() };
    throw error;
  }
}
