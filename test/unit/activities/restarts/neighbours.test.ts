/** What a parameter counts as on a server around: of what it runs with and what its restart brings, what allows less. */
import { strictest } from '../../../../activities/restarts/neighbours';

test.each<[string, string, string | undefined, string, string]>([
  ['nothing waits', '1718', '1718', '1718', '1718'],
  ['more waits for a restart', '1800', '1718', '1718', '1800'],
  ['less waits for a restart', '1700', '1718', '1700', '1718'],
  ['it was not asked', '1700', undefined, '1700', '1700'],
])('%s', (_name, configured, running, ofReplica, ofSource) => {
  expect(strictest(configured, running, Math.min)).toBe(ofReplica);
  expect(strictest(configured, running, Math.max)).toBe(ofSource);
});
