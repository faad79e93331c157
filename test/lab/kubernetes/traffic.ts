/** Pods come and go under requests, and none of these fails: rollout, scale-up, scale-down. */
import type { Lab } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { kubectl, podsOf, production, serviceUrl } from './cluster-lab';
import { Requests } from '../../../lab/traffic/requests';

export function trafficTests(theLab: () => Lab): void {
  const onDeployment = (...words: string[]) => kubectl(theLab(), ...words, '-n', production);
  const podsAre = (app: string, count: number) =>
    until(
      `${app} has ${count} pods, all ready`,
      async () => {
        const pods = await podsOf(theLab(), app);
        const ready = pods.filter(({ status }) => status.containerStatuses?.[0]?.ready);
        return pods.length === count && ready.length === count;
      },
      { deadlineMs: 60_000, everyMs: 300 },
    );
  /** Does the work while clients ask; returns what they saw. */
  const underRequests = async (app: string, path: string, work: () => Promise<void>) => {
    const requests = new Requests(`${await serviceUrl(theLab(), app)}${path}`);
    try {
      await work();
    } finally {
      await requests.end();
    }
    expect(requests.bad).toEqual([]);
    expect(requests.good).toBeGreaterThan(50);
  };

  test.concurrent(
    'a rollout of the API',
    async () => {
      await underRequests('broxiva-api', '/api/products', async () => {
        const before = (await podsOf(theLab(), 'broxiva-api')).map(({ metadata }) => metadata.uid);
        await onDeployment('rollout', 'restart', 'deployment/broxiva-api');
        await onDeployment('rollout', 'status', 'deployment/broxiva-api', '--timeout=90s');
        await podsAre('broxiva-api', 3);
        const after = (await podsOf(theLab(), 'broxiva-api')).map(({ metadata }) => metadata.uid);
        expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      });
    },
    120_000,
  );

  test.concurrent(
    'the web pods are scaled up, and down again',
    async () => {
      await underRequests('broxiva-web', '/', async () => {
        await onDeployment('scale', 'deployment/broxiva-web', '--replicas=5');
        await podsAre('broxiva-web', 5);
        await onDeployment('scale', 'deployment/broxiva-web', '--replicas=2');
        await podsAre('broxiva-web', 2);
      });
    },
    120_000,
  );
}
