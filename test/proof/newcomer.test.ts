/**
 * Goal: a new runbook gets the whole matrix by one folder, one line in a catalogue and one export. Method: a runbook of two
 * steps that is only here, changing two real parameters through Azure, as PostgreSQL itself shows.
 */
import { runbooks } from '../../catalogue';
import { tuneQueries } from './newcomer/entry';
import { tuneQueriesSubject } from './newcomer/subject';
import { proofOf, provenWhole } from './support/proven';

const theProof = proofOf([tuneQueriesSubject], {
  catalogue: { ...runbooks, tuneQueries },
  folders: { tuneQueries: 'test/proof/newcomer' },
});
provenWhole(tuneQueriesSubject, theProof);
