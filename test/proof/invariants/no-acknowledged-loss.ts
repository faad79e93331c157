/** Every row that was acknowledged to a client during the case is there exactly once. */
import type { Invariant } from './invariant';

export const noAcknowledgedLoss: Invariant = {
  number: 6,
  name: 'no acknowledged loss',
  violations: ({ traffic: { acknowledged, lost, lostRows, duplicated } }) => [
    ...(acknowledged > 0 ? [] : ['no row was acknowledged: nothing was shown']),
    ...(lost === 0 ? [] : [`${lost} acknowledged rows are not there: ${lostRows.join(', ')}`]),
    ...(duplicated === 0 ? [] : [`${duplicated} rows are there more than once`]),
  ],
};
