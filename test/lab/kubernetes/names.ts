/** The lab's worker knows the names that pods know, those of later Services and servers too; this machine does not. */
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { promisify } from 'node:util';
import { isRoot } from '../../../lab/account';
import type { Lab } from '../../../lab/lab';
import { production as azure } from '../../../lab/lab';
import { Parts } from '../../../lab/lifecycle/parts';
import { until } from '../../../lab/processes';
import { kubectl, production } from './cluster-lab';

export function nameTests(theLab: () => Lab): void {
  /** What a program prints that runs where the worker runs. */
  const besideWorker = async (...command: string[]) => {
    const { pid } = new Parts(theLab()).worker.process.state!;
    const enter = ['--target', String(pid), '--mount', ...(isRoot() ? [] : ['--user', '--preserve-credentials'])];
    return (await promisify(execFile)('/usr/bin/nsenter', [...enter, ...command])).stdout;
  };
  const api = `broxiva-api.${production}.svc.cluster.local`;

  test.concurrent('Services and Azure servers resolve for the worker, and only there', async () => {
    for (const name of ['redis', api, `${azure.primary}.postgres.database.azure.com`])
      expect(await besideWorker('getent', 'hosts', name)).toMatch(/^127\./);
    const script = `fetch('http://${api}/api/products').then(async (answer) => console.log((await answer.json()).length))`;
    expect(await besideWorker(process.execPath, '-e', script)).toBe('50\n');
    await expect(lookup(api)).rejects.toThrow();
  });

  test.concurrent('a Service that is made later resolves in the worker that runs already', async () => {
    await kubectl(theLab(), 'create', 'service', 'clusterip', 'later', '--tcp=80:80', '-n', production);
    const resolves = () =>
      besideWorker('getent', 'hosts', 'later').then(
        () => true,
        () => false,
      );
    await until('it resolves', resolves, { deadlineMs: 50_000, everyMs: 200 });
  });
}
