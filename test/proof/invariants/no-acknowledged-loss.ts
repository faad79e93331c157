/** Every row that was acknowledged to a client during the case is there exactly once. Asked where clients write a ledger. */
import type { Invariant } from './invariant';

export const noAcknowledgedLoss: Invariant = {
  number: 6,
  name: 'no acknowledged loss',
  violations: ({ clients: { ledger } }) => {
    if (!ledger) return [];
    const { acknowledged, lost, lostRows, duplicated } = ledger;
    return [
      ...(acknowledged > 0 ? [] : ['no row was acknowledged: nothing was shown']),
      ...(lost === 0 ? [] : [`${lost} acknowledged rows are not there: ${lostRows.join(', ')}`]),
      ...(duplicated === 0 ? [] : [`${duplicated} rows are there more than once`]),
    ];
  },
};
