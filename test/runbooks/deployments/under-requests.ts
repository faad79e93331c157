/** What clients of a Service notice while its pods come, go, are resized and taken back: nothing. */
import type { Cluster } from '../support/cluster';
import { Run } from '../support/run';
import { withoutFailedRequests } from '../support/without-failed-requests';
import { Workload } from '../support/workload';

const image = 'broxiva/web:1.0.0';

export function requestTests(cluster: () => Cluster): void {
  test.concurrent('more pods, a rollback, fewer pods, a resize in place, a rollout: no request fails', async () => {
    const web = Workload.of(cluster(), 'broxiva-web');
    const run = async (runbook: string, input: object) => {
      const started = await Run.start(cluster().production, runbook, { deployment: 'broxiva-web', ...input });
      const report = await started.report();
      // Measured by the run itself as well, on the same way.
      expect(report.clients).toMatchObject({ failedRequests: 0 });
      expect(report.clients!.requests).toBeGreaterThan(0);
      return report;
    };
    const timing = { verificationTimeoutSeconds: 30 };
    await withoutFailedRequests(await cluster().serviceUrl('broxiva-web'), async () => {
      expect(await run('scaleDeployment', { replicas: 3 })).toMatchObject({ outcome: 'Succeeded' });

      cluster().faults.pushImage(image, 'missing');
      expect(await run('scaleDeployment', { replicas: 4, timing })).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringMatching(/broxiva-web-\S+: ImagePullBackOff/) as string,
      });
      expect(await web.readyPods()).toBe(3);
      cluster().faults.pushImage(image, 'crash');
      const rollout = { size: 'small', way: 'rollout' };
      expect(await run('resizeDeployment', { ...rollout, timing })).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringMatching(/broxiva-web-\S+: CrashLoopBackOff/) as string,
      });
      cluster().faults.restoreImages();

      expect(await run('scaleDeployment', { replicas: 2 })).toMatchObject({ outcome: 'Succeeded' });
      const before = await web.uids();
      expect(await run('resizeDeployment', { size: 'medium' })).toMatchObject({ outcome: 'Succeeded' });
      expect(await web.uids()).toEqual(before);
      expect(await run('resizeDeployment', rollout)).toMatchObject({ outcome: 'Succeeded' });
      await web.untilPods(2);
      expect((await web.uids()).filter((uid) => before.includes(uid))).toEqual([]);
    });
  });
}
