/**
 * Goal: every runbook of the catalogue keeps every invariant, whatever its steps suffer. Method: the essential cases, made
 * from the runbook's own steps, side by side in one lab on real servers; `make chaos` plays the whole matrix.
 */
import { runbooks } from '../../catalogue';
import { proofOf, provenEssentially } from './support/proven';
import { subjects } from './subjects';

const theProof = proofOf(Object.values(subjects), { catalogue: runbooks });

test('every runbook of the catalogue has a subject', () => {
  expect(Object.keys(subjects).sort()).toEqual(Object.keys(runbooks).sort());
});

describe.each(Object.values(subjects))('$runbook', (subject) => {
  provenEssentially(subject, theProof);
});
