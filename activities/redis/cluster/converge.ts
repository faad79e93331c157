/** Reads, decides, acts, until it is one good cluster. Whoever is interrupted here is followed by somebody who reads again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../failures';
import type { ClusterNodes } from './client';
import { type Action, decide, joins } from './convergence';
import type { Shape } from './layout';
import { Deadline, untilRead } from './patience';
import type { Member } from './view';

export interface Convergence {
  /** As they are now: a pod that comes back may have another address. */
  members(): Promise<Member[]>;
  shape: Shape;
  /** Whether nodes that have never been one cluster may be made one. */
  mayJoin: boolean;
  /** Right before anything is sent, and in each round: throws where another may be at it by now, and where it is over. */
  assertAwake(): void;
  /** Throws when the time is over, with what is still missing. A node that is late then has `patienceMs` more (patience.ts). */
  assertInTime(missing: string): void;
}

/** Nodes gossip ten times a second (clusterCron). */
const pauseMs = 100;

/** Answers with what was done. Throws ClusterRefused, and whatever assertInTime throws. */
export async function converge(nodes: ClusterNodes, of: Convergence): Promise<string[]> {
  const done: string[] = [];
  const deadline = new Deadline(of.assertInTime);
  let members = await untilRead(of.members, of);
  for (;;) {
    const seen = await Promise.all(members.map((member) => nodes.read(member)));
    const decision = decide(seen, of.shape);
    if (decision.answer === 'formed') return done;
    if (decision.answer === 'refuse') throw failure('ClusterRefused', `${decision.code}: ${decision.reason}`);
    if (decision.answer === 'act' && !of.mayJoin && joins(decision.actions, seen)) {
      throw failure(
        'ClusterRefused',
        'NeverMet: nodes that have never been one cluster would be joined for good, which was not planned: plan again',
      );
    }
    of.assertAwake();
    let missing = decision.answer === 'wait' ? decision.reason : 'it is being made';
    if (decision.answer === 'act') {
      const results = await Promise.allSettled(decision.actions.map((action) => nodes.perform(action)));
      for (const [index, result] of results.entries()) {
        const what = describe(decision.actions[index]!);
        // A node that refuses has changed since it was read: it is read again.
        if (result.status === 'fulfilled') done.push(what);
        else missing = `${what}: ${(result.reason as Error).message}`;
      }
    }
    deadline.assert({ seen, waits: decision.answer === 'wait', missing });
    if (seen.some((one) => 'silent' in one)) members = await untilRead(of.members, of);
    await sleep(pauseMs);
  }
}

function describe(action: Action): string {
  switch (action.kind) {
    case 'meet':
      return `${action.at.pod} meets ${action.other.pod}`;
    case 'addSlots':
      return `${action.at.pod} takes ${action.slots.map((range) => range.join('-')).join(', ')}`;
    case 'replicate':
      return `${action.at.pod} follows ${action.master.slice(0, 8)}`;
  }
}
