/**
 * Goal: every runbook of the catalogue keeps every invariant, whatever its steps suffer. Method: the essential cases, made
 * from the runbook's own steps, side by side in one lab on real servers; `make chaos` plays the whole matrix. RUNBOOK=… plays
 * only that runbook's.
 */
import { runbooks } from '../../catalogue';
import { proofOf, provenEssentially } from './support/proven';
import { subjects } from './subjects';

const { RUNBOOK } = process.env;
const chosen = Object.values(subjects).filter(({ runbook }) => !RUNBOOK || runbook === RUNBOOK);
const theProof = proofOf(chosen, { catalogue: runbooks });

test('every runbook of the catalogue has a subject', () => {
  expect(Object.keys(subjects).sort()).toEqual(Object.keys(runbooks).sort());
});

describe.each(chosen)('$runbook', (subject) => {
  provenEssentially(subject, theProof);
});
