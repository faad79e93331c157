/**
 * Engines that are broken on purpose, each by one change of the sources, with the case that must show it and who must say so.
 * A proof that cannot see these proves nothing.
 */
import type { Case } from '../harness/case';
import { green } from '../harness/case';
import type { Break } from '../harness/code';
import { repeats, type Shown, unwinds } from '../matrix/matrix';

export interface BrokenEngine {
  name: string;
  change: Break;
  given(shown: Shown): Case;
  /** As a violation names it. */
  caughtBy: string;
}

export const brokenEngines: BrokenEngine[] = [
  {
    name: 'an undo is skipped',
    change: {
      file: 'workflows/runbook/rollback.ts',
      find: 'step.undo ? await step.undo(before) : await withoutEffect(step)',
      replace: "step.undo ? 'skipped' : await withoutEffect(step)",
    },
    given: (shown) => unwinds(shown, 0, 'failAfter'),
    caughtBy: '1 outcome',
  },
  {
    name: 'the undo is registered after apply',
    change: {
      file: 'workflows/runbook/perform.ts',
      find: '    begun.push(entry);\n  }\n  await step.apply(entry.before);\n',
      replace: '  }\n  await step.apply(entry.before);\n  if (!begun.includes(entry)) begun.push(entry);\n',
    },
    given: (shown) => unwinds(shown, 0, 'failAfter'),
    caughtBy: '4 intent first',
  },
  {
    name: 'the verification is ignored',
    change: {
      file: 'workflows/runbook/perform.ts',
      find: 'await step.verify(entry.before)',
      replace: "'not asked'",
    },
    given: () => green,
    caughtBy: '5 verify before advance',
  },
  {
    name: 'the lock is released early',
    change: {
      file: 'workflows/runbook/runbook.ts',
      find: "if (!('outcome' in prepared)) return",
      replace: "if (!('outcome' in prepared)) await unlockTargets(run);\n  if (!('outcome' in prepared)) return",
    },
    given: () => green,
    caughtBy: '2 single writer',
  },
  {
    name: 'a second PATCH is sent',
    change: {
      file: 'activities/database/changes.ts',
      find: 'return shown && (!undo ||',
      replace: 'return false && shown && (!undo ||',
    },
    given: repeats,
    caughtBy: '3 effect once',
  },
];
