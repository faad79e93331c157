/** The engine's decisions, as tables. */
import { runInput } from '../../../catalogue';
import { afterExceededBudget, afterInterruption } from '../../../workflows/runbook/decisions';
import { approvalFor } from '../../../workflows/runbook/plan';

describe('after an interruption', () => {
  it.each([
    ['a failure', { asks: false, irreversibleBegun: false }, 'rollBack'],
    ['an abort', { asks: false, irreversibleBegun: false }, 'rollBack'],
    ['an unknown state', { asks: true, irreversibleBegun: false }, 'askOperator'],
    ['an abort after an irreversible step began', { asks: false, irreversibleBegun: true }, 'askOperator'],
    ['a failure of an irreversible step', { asks: false, irreversibleBegun: true }, 'askOperator'],
  ] as const)('%s', (_name, interruption, answer) => expect(afterInterruption(interruption)).toBe(answer));
});

describe('after an exceeded client budget', () => {
  it.each([
    ['nothing begun', [], 'rollBack'],
    ['undoing is free', [{ undoDisturbsClients: false, reversibility: 'reversible' }], 'rollBack'],
    ['undoing is an outage', [{ undoDisturbsClients: true, reversibility: 'reversible' }], 'askOperator'],
    ['something cannot be undone', [{ undoDisturbsClients: false, reversibility: 'irreversible' }], 'askOperator'],
  ] as const)('%s', (_name, begun, answer) => expect(afterExceededBudget([...begun])).toBe(answer));
});

describe('whether an approval is needed', () => {
  const ask = { reversible: 'none', lossy: 'required', irreversible: 'required', approvers: [] } as const;
  const step = (reversibility: 'reversible' | 'lossy' | 'irreversible') => ({
    name: `a ${reversibility} step`,
    reversibility,
  });
  const policy = runInput.parse({ requestedBy: 'someone' });
  const more = runInput.parse({ requestedBy: 'someone', approval: 'required' });

  it.each([
    ['by policy not for reversible steps', [step('reversible')], policy, ask, false],
    ['by policy for lossy steps', [step('reversible'), step('lossy')], policy, ask, true],
    ['by policy for irreversible steps', [step('irreversible')], policy, ask, true],
    ['when the input asks for more', [step('reversible')], more, ask, true],
    ['never for less than the policy', [step('irreversible')], policy, ask, true],
    ['not when nothing is done', [], more, ask, false],
    ['by a policy that always asks', [step('reversible')], policy, { ...ask, reversible: 'required' as const }, true],
  ] as const)('%s', (_name, steps, input, approval, required) =>
    expect(approvalFor([...steps], input, { approval: { ...approval, approvers: [] } }).required).toBe(required),
  );

  it('names the irreversible steps', () =>
    expect(
      approvalFor([step('reversible'), step('irreversible')], policy, { approval: { ...ask, approvers: [] } })
        .irreversibleSteps,
    ).toEqual(['a irreversible step']));
});
