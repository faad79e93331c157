/**
 * Begins with the files that take minutes: one that begins last would be waited for alone. Beside the longest, which needs all of a processor,
 * those that mostly wait. Jest itself goes by size.
 */
const { default: Sequencer } = require('@jest/test-sequencer');

const longest = [
  ...['proof/matrix', 'runbooks/deployments', 'runbooks/create-read-replica', 'activities/change-compute'],
  ...['runbooks/database-sku-upgrade-crowd', 'runbooks/database-sku-upgrade', 'runbooks/redis-scale', 'client/cli'],
  ...['activities/probe', 'lab/lab-up', 'runbooks/poolers', 'runbooks/redis-clusters', 'proof/newcomer'],
  ...['proof/broken-engines', 'lab/kubernetes-production', 'activities/redis/cluster'],
];

const rank = ({ path }) => {
  const at = longest.findIndex((name) => path.endsWith(`test/${name}.test.ts`));
  return at < 0 ? longest.length : at;
};

module.exports = class extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
};
