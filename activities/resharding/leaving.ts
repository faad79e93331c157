/**
 * Nodes leave the cluster. Those that stay find other masters where theirs goes, and only when all is well with them alone do
 * they forget the others, all at once: one that is told of a forgotten node within a minute does not take it back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../failures';
import type { ClusterNodes } from '../redis/cluster/client';
import { decide } from '../redis/cluster/convergence';
import type { Member, Seen } from '../redis/cluster/view';

export interface Leaving {
  members(): Promise<Member[]>;
  replicasPerMaster: number;
  /** Of the nodes that leave. */
  ids: string[];
  assertAwake(): void;
  assertInTime(missing: string): void;
}

const pauseMs = 100;

/** Throws Drift where one that is to leave has slots; ClusterRefused. */
export async function leave(nodes: ClusterNodes, leaving: Leaving): Promise<void> {
  const ids = new Set(leaving.ids);
  let members = await leaving.members();
  for (;;) {
    const seen = await Promise.all(members.map((member) => nodes.read(member)));
    const knowing = seen.flatMap((one) => ('view' in one && one.view.known.some(({ id }) => ids.has(id)) ? [one] : []));
    assertEmpty(seen, ids);
    const decision = decide(
      seen.map((one) => without(one, ids)),
      {
        ...{ replicasPerMaster: leaving.replicasPerMaster, emptyMasters: true },
      },
    );
    if (decision.answer === 'formed' && knowing.length === 0) return;
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
    leaving.assertInTime(missing);
    if (seen.some((one) => 'silent' in one)) members = await leaving.members().catch(() => members);
    await sleep(pauseMs);
  }
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
