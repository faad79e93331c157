/** What the engine does when forward work ended early. Pure, table-tested. */
export interface Interruption {
  /** The failure says that the state is unknown: see `ask` in the table of failure types. */
  asks: boolean;
  /** An irreversible step's undo was registered, so its effect may be there. */
  irreversibleBegun: boolean;
}

export type AfterInterruption = 'rollBack' | 'askOperator';

export function afterInterruption({ asks, irreversibleBegun }: Interruption): AfterInterruption {
  return irreversibleBegun || asks ? 'askOperator' : 'rollBack';
}

/** What an exceeded client budget does, between two steps or in the middle of one (invariant 7). */
export type AfterExceededBudget = 'rollBack' | 'askOperator';

export function afterExceededBudget(
  begun: { undoDisturbsClients: boolean; reversibility: string }[],
): AfterExceededBudget {
  const free = begun.every((step) => !step.undoDisturbsClients && step.reversibility !== 'irreversible');
  return free ? 'rollBack' : 'askOperator';
}
