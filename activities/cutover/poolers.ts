/** What the pooler's pods say, each asked itself. */
import type { Pod } from '../kubernetes/kubernetes';
import type { Upstream } from '../pgbouncer/configuration';
import { numberIn, passThrough } from '../pgbouncer/console';
import { keepsPreparedStatements, versionIn } from '../pgbouncer/version';
import { type Primary, wrongBehind } from '../poolers/passage';
import { addressOf, askPooler } from '../poolers/pods';
import type { PoolerPodFacts } from './contract';
import type { PoolLook } from './judgement';

/** As the application, through to that very primary. */
export async function tryPooler(
  pod: Pod,
  password: string,
  upstream: Upstream,
  primary: Primary,
): Promise<PoolerPodFacts> {
  const { role: user, password: own, database } = upstream;
  try {
    const passage = await passThrough(addressOf(pod), { user, password: own, database });
    const [version, configuration, transactions] = await askPooler(pod, password, async ({ show }) => [
      versionIn((await show('VERSION'))[0]?.['version']),
      await show('CONFIG'),
      transactionsIn(await show('STATS'), database),
    ]);
    const mode = configuration.find(({ key }) => key === 'server_tls_sslmode')?.['value'];
    const wrong = [
      ...wrongBehind(passage, primary),
      ...(mode === 'verify-full' ? [] : [`its server_tls_sslmode is ${mode}, not verify-full`]),
    ];
    if (wrong.length > 0) return { pod: pod.name, problem: wrong.join(', ') };
    const kept = numberIn(configuration, 'max_prepared_statements');
    return {
      ...{ pod: pod.name, transactions },
      ...(version
        ? {
            version: `${version.major}.${version.minor}`,
            keepsNamedStatements: keepsPreparedStatements(version, kept),
          }
        : {}),
    };
  } catch (error) {
    return { pod: pod.name, problem: (error as Error).message };
  }
}

/** Throws where the pod does not answer. */
export async function lookAt(pod: Pod, password: string, database: string): Promise<PoolLook> {
  return askPooler(pod, password, async ({ show }) => {
    const pools = (await show('POOLS')).filter((pool) => pool['database'] === database);
    const sum = (column: string) => pools.reduce((total, pool) => total + Number(pool[column] ?? 0), 0);
    return {
      ...{ pod: pod.name, waiting: sum('cl_waiting'), maxWaitSeconds: sum('maxwait'), busy: sum('sv_active') },
      transactions: transactionsIn(await show('STATS'), database),
    };
  });
}

function transactionsIn(stats: Record<string, string | null>[], database: string): number {
  return Number(stats.find((row) => row['database'] === database)?.['total_xact_count'] ?? 0);
}
