/** Begins with the files that take minutes: one that begins last would be waited for alone. Jest itself goes by size. */
const { default: Sequencer } = require('@jest/test-sequencer');

const longest = [
  ...[
    'proof/matrix',
    'runbooks/deployments',
    'runbooks/poolers',
    'runbooks/redis-clusters',
    'activities/change-compute',
  ],
  ...['runbooks/database-sku-upgrade', 'runbooks/create-read-replica', 'proof/newcomer', 'lab/kubernetes-production'],
  ...['runbooks/database-sku-upgrade-crowd', 'activities/redis/cluster', 'runbooks/redis-scale', 'client/cli'],
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
