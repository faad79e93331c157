/** The audit log: every change that somebody asked for, whose it was and what was sent; nothing that the cluster does itself. */
import { Api } from '../../../lab/kubernetes/api/api';
import { type ClusterMutation, readAuditLog } from '../../../lab/kubernetes/audit/audit-log';
import { ClusterLayout } from '../../../lab/kubernetes/layout';
import type { Lab } from '../../../lab/lab';
import { kubectl, labCommand, production } from './cluster-lab';

const run = '11111111-2222-8333-9444-555555555555';
const activity = '66666666-7777-8888-9999-000000000000';

export function auditTests(theLab: () => Lab): void {
  const log = () => readAuditLog(new ClusterLayout(theLab()));
  const deployment = `/apis/apps/v1/namespaces/${production}/deployments/broxiva-worker`;

  test.concurrent("a run's change is told with the run's ids and with what was sent", async () => {
    const layout = new ClusterLayout(theLab());
    const api = Api.of(layout, 'admin', `durable-runbooks/0.1.0 (run ${run}; activity ${activity})`);
    try {
      const body = { metadata: { annotations: { note: 'audited' } } };
      await api.merge(`${deployment}?fieldManager=durable-runbooks`, body);
      await api.merge(`${deployment}?fieldManager=durable-runbooks&dryRun=All`, body);
      await expect(api.merge(`${deployment}/scale`, { metadata: { resourceVersion: '1' } })).rejects.toThrow();
      await api.get(deployment);
      const told = log().filter((mutation) => mutation.run === run);
      const common = { activity, group: 'apps', namespace: production, name: 'broxiva-worker', verb: 'patch' };
      expect(told).toMatchObject([
        { ...common, status: 200, dryRun: false, fieldManager: 'durable-runbooks', body, path: deployment },
        { ...common, status: 200, dryRun: true },
        { ...common, status: 409, reason: 'Conflict', resource: 'deployments/scale', dryRun: false },
      ]);
      expect(await labCommand(theLab().name, 'requests')).toMatch(
        new RegExp(`PATCH +200 +deployments ${production} broxiva-worker$`, 'm'),
      );
    } finally {
      api.close();
    }
  });

  test.concurrent('what the cluster does itself is left out, and no Secret is told', async () => {
    await kubectl(theLab(), 'create', 'secret', 'generic', 'audited', '--from-literal=password=hush');
    const told = log();
    const isOwn = ({ user }: ClusterMutation) => user === 'lab-kubelet' || user.startsWith('system:');
    expect(told.filter(isOwn)).toEqual([]);
    expect(told.find(({ name }) => name === 'audited')).toMatchObject({ verb: 'create', resource: 'secrets' });
    expect(JSON.stringify(told)).not.toContain(Buffer.from('hush').toString('base64'));
  });
}
