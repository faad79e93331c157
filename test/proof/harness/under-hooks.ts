/**
 * Workflow code: a runbook whose steps suffer what the run's memo says. The engine, the activities, the locks and the worker
 * are production's; this file is the only place of the hooks, and it is in no bundle of production's.
 */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../../../catalogue';
import type { Runbook } from '../../../workflows/runbook/definition';
import type { AnyStep } from '../../../workflows/runbook/step';
import { type Hook, type HookKind, hooksMemo, onPurpose } from './hooks';

export function underHooks<Input extends RunInput, Facts>(definition: Runbook<Input, Facts>): Runbook<Input, Facts> {
  return { ...definition, steps: (...given) => definition.steps(...given).map(hooked) };
}

function hooked(step: AnyStep, index: number): AnyStep {
  const hooks = ((workflowInfo().memo?.[hooksMemo] ?? []) as Hook[]).filter((hook) => hook.step === index);
  if (hooks.length === 0) return step;
  const has = (kind: HookKind) => hooks.some((hook) => hook.kind === kind);
  // Each failure strikes once: what is tried again by an operator's order goes well.
  const struck = new Set<HookKind>();
  const strike = (kind: HookKind) => {
    if (!has(kind) || struck.has(kind)) return;
    struck.add(kind);
    const message = onPurpose({ step: index, kind });
    throw ApplicationFailure.create({ type: 'OnPurpose', message, nonRetryable: true });
  };
  const { apply, undo } = step;
  return {
    ...step,
    async apply(before) {
      strike('failBefore');
      await apply(before);
      if (has('applyTwice')) await apply(before);
      strike('failAfter');
    },
    ...(undo && {
      async undo(before: unknown) {
        strike('undoFails');
        if (has('undoTwice')) await undo(before);
        return undo(before);
      },
    }),
  };
}
