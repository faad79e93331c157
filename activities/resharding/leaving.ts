/**
 * Nodes leave the cluster: whoever is none of those that stay.
 *
 * 1. Those that stay find other masters where theirs goes.
 * 2. Only when all is well with them alone do they forget the others, all at once: one that is told of a forgotten node within a
 *    minute does not take it back.
 * 3. Those that have left forget them as well (CLUSTER RESET, which a master that holds keys refuses): Valkey from 8.1 on meets
 *    whoever does not speak to it any more, and would bring them back. A pod that does not answer is not waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../failures';
import type { ClusterNodes } from '../redis/cluster/client';
import { decide } from '../redis/cluster/convergence';
import { Deadline, untilRead } from '../redis/cluster/patience';
import type { Member, Seen } from '../redis/cluster/view';

export interface Leaving {
  members(): Promise<Member[]>;
  /** Pods that leave, as far as they are there. */
  others(): Promise<Member[]>;
  replicasPerMaster: number;
  assertAwake(): void;
  assertInTime(missing: string): void;
}

const pauseMs = 100;

/** Throws Drift where one that is to leave has slots; ClusterRefused. */
export async function leave(nodes: ClusterNodes, leaving: Leaving): Promise<void> {
  const deadline = new Deadline(leaving.assertInTime);
  let members = await untilRead(leaving.members, leaving);
  for (;;) {
    const seen = await Promise.all(members.map((member) => nodes.read(member)));
    const own = new Set(seen.flatMap((one) => ('view' in one ? [one.view.id] : [])));
    // One of those that stay and does not answer would be taken for another.
    const isWhole = own.size === seen.length;
    const ids = new Set(isWhole ? othersIn(seen, own) : []);
    const knowing = seen.flatMap((one) => ('view' in one && one.view.known.some(({ id }) => ids.has(id)) ? [one] : []));
    assertEmpty(seen, ids);
    const decision = decide(
      seen.map((one) => without(one, ids)),
      {
        ...{ replicasPerMaster: leaving.replicasPerMaster, emptyMasters: true },
      },
    );
    if (decision.answer === 'formed' && isWhole && knowing.length === 0) {
      leaving.assertAwake();
      const left = await Promise.all((await leaving.others()).map((member) => nodes.read(member)));
      const together = left.filter((one) => 'view' in one && one.view.known.some(({ id }) => own.has(id)));
      const resets = await Promise.allSettled(
        together.map(({ member }) => nodes.ask(member, ['CLUSTER', 'RESET', 'SOFT'])),
      );
      const refused = resets.find((result) => result.status === 'rejected');
      if (!refused) return;
      deadline.assert({ seen: left, waits: false, missing: (refused.reason as Error).message });
      await sleep(pauseMs);
      continue;
    }
    if (decision.answer === 'refuse') throw failure('ClusterRefused', `${decision.code}: ${decision.reason}`);
    leaving.assertAwake();
    let missing = decision.answer === 'wait' ? decision.reason : 'nodes are leaving';
    const results = await Promise.allSettled(
      decision.answer === 'act'
        ? decision.actions.map((action) => nodes.perform(action))
        : decision.answer === 'formed'
          ? knowing.flatMap(({ member, view }) =>
              view.known.filter(({ id }) => ids.has(id)).map(({ id }) => nodes.ask(member, ['CLUSTER', 'FORGET', id])),
            )
          : [],
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) missing = (failed.reason as Error).message;
    deadline.assert({ seen, waits: decision.answer === 'wait', missing });
    if (seen.some((one) => 'silent' in one)) members = await leaving.members().catch(() => members);
    await sleep(pauseMs);
  }
}

/** Who is just being met has no id of its own yet, and may be one of those that stay: `decide` waits for that. */
function othersIn(seen: Seen[], own: Set<string>): string[] {
  return seen.flatMap((one) =>
    'view' in one
      ? one.view.known.filter(({ id, flags }) => !own.has(id) && !flags.includes('handshake')).map(({ id }) => id)
      : [],
  );
}

function assertEmpty(seen: Seen[], ids: Set<string>): void {
  for (const one of seen) {
    const owner = 'view' in one && one.view.known.find(({ id, slots }) => ids.has(id) && slots.length > 0);
    if (owner) throw failure('Drift', `${owner.host}:${owner.port} is to leave, and has slots: it stays`);
  }
}

function without(seen: Seen, ids: Set<string>): Seen {
  if (!('view' in seen)) return seen;
  return { ...seen, view: { ...seen.view, known: seen.view.known.filter(({ id }) => !ids.has(id)) } };
}
