/**
 * Every row that was acknowledged to a client during the case is there exactly once. Asked where clients write rows. What a client
 * with synchronous_commit off was told may be gone where PostgreSQL itself was killed, which is what it has agreed to; nowhere else.
 */
import type { Invariant } from './invariant';

export const noAcknowledgedLoss: Invariant = {
  number: 6,
  name: 'no acknowledged loss',
  violations: ({ clients: { ledger }, case: { strikes } }) => {
    if (!ledger) return [];
    const { acknowledged, lost, lostRows, ofUnflushed, duplicated } = ledger;
    const crashed = strikes.some((strike) => strike.do === 'killPostgres');
    const shown = acknowledged > (ofUnflushed?.acknowledged ?? 0) && ofUnflushed?.acknowledged !== 0;
    return [
      ...(shown ? [] : ['no row was acknowledged, or none without a flush: nothing was shown']),
      ...(!ofUnflushed?.lost || crashed
        ? []
        : [`${ofUnflushed.lost} rows of clients with synchronous_commit off are not there, and no server was killed`]),
      ...(lost === 0 ? [] : [`${lost} acknowledged rows are not there: ${lostRows.join(', ')}`]),
      ...(duplicated === 0 ? [] : [`${duplicated} rows are there more than once`]),
    ];
  },
};
