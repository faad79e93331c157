/** What clients behind PgBouncer would see of a restart whose moment Azure picks. Pure, table-tested. */
import type { PoolerPodFacts } from '../../activities/database/contract';
import { type Checks, warn } from '../runbook/checks';
import { expectedStallSeconds, patienceFor, poolerMisfits } from './decisions';
import type { Situation } from './findings';

export const poolerChecks: Checks<Situation> = {
  'the pooler is known': ({ facts: { pooler }, restarts }) => {
    if (!pooler || !restarts) return [];
    const problems = pooler.pods.flatMap(({ pod, problem }) => (problem === undefined ? [] : [`${pod}: ${problem}`]));
    return [...(pooler.problem === undefined ? [] : [pooler.problem]), ...problems].map((problem) =>
      warn('PoolerUnseen', 'server', `what clients of ${pooler.name} will see is not known: ${problem}`),
    );
  },

  'clients of the pooler survive the stall': ({ wanted, facts, restarts }) => {
    const { primary, pooler } = facts;
    // As they will be by then.
    const pods = (pooler?.pods ?? [])
      .filter(({ problem }) => problem === undefined)
      .map((pod) => ({ ...pod, ...patienceFor(wanted, facts)?.to }));
    if (!pooler || !restarts || pods.length === 0) return [];
    const stall = expectedStallSeconds(primary);
    const misfits = pods.flatMap((pod) => poolerMisfits(pod, stall).map((misfit) => ({ pod, misfit })));
    return [
      warn('BehindPooler', 'server', behindPooler(pooler.name, pods)),
      ...misfits.map(({ pod: { pod, ...settings }, misfit }) =>
        misfit === 'gives up'
          ? warn(
              'PoolerGivesUp',
              'server',
              `${pod} cuts off clients that wait ${settings.queryWaitTimeoutSeconds} s (query_wait_timeout), the stall may last ${stall} s: set it first (deployPgbouncer, queryWaitTimeoutSeconds)`,
            )
          : warn(
              'PoolerTurnsAway',
              'server',
              `${pod} turns clients away for ${settings.serverLoginRetrySeconds} s after each login that fails (server_login_retry), also when the server is back: set it first (deployPgbouncer, serverLoginRetrySeconds)`,
            ),
      ),
    ];
  },
};

/** The figures: PgBouncer 1.18, some 9,000 transactions a second, one restart that nobody paused for (docs/runbooks/database-sku-upgrade.md). */
function behindPooler(name: string, pods: PoolerPodFacts[]): string {
  const waits = pods.map(({ queryWaitTimeoutSeconds = 0 }) => queryWaitTimeoutSeconds || Infinity);
  const wait = Math.min(...waits);
  const retry = Math.max(...pods.map(({ serverLoginRetrySeconds = 0 }) => serverLoginRetrySeconds));
  return [
    `Azure picks the moment of the restart, so ${name} cannot be paused for it`,
    `what is in flight fails; clients wait${wait === Infinity ? '' : ` at most ${wait} s`}, and are turned away for ${retry} s after each login that the server refuses`,
    'once, with 16 clients and some 9,000 transactions a second, 627 to 685 failed, directly 85 to 149. databaseReplace leads them to a server of another size, no smaller, and none fails',
  ].join(': ');
}
