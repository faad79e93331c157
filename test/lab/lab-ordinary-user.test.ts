/**
 * Goal: a lab needs no root, nor does its cluster: it lives in the user's own cache folder, which nobody else can enter.
 * Method: as root, the command line under another account; as an ordinary user all other tests show it.
 */
import { spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, serverAccount } from '../../lab/account';
import { cacheFolder } from '../../lab/cache';
import { pod } from './kubernetes/cluster-lab';

(isRoot() ? test : test.skip)(
  'an ordinary user has a lab of their own',
  async () => {
    const account = serverAccount()!;
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    const cache = join(home, '.cache', 'durable-runbooks');
    await mkdir(cache, { recursive: true });
    for (const part of ['bin', 'tools', 'postgresql', 'kubernetes', 'debian'])
      await symlink(join(cacheFolder(), part), join(cache, part));
    for (const folder of [home, join(home, '.cache'), cache]) await chown(folder, account.uid, account.gid);
    const lab = (...args: string[]) => {
      const command = ['-r', './test/lab/typescript.cjs', 'lab/cli/main.ts', ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        ...account,
        env: { HOME: home, PATH: process.env.PATH },
      });
      return { code: status, out: stdout.toString(), error: stderr.toString() };
    };
    try {
      const up = lab('up', '--kubernetes', '--replicas', '1');
      expect(up).toMatchObject({ code: 0, error: '', out: expect.stringContaining('pods: ready') });
      const { out } = lab('status');
      expect(out).toMatch(/cluster: every pod is ready; .*CPU limits are not: /);
      expect(out).toMatch(/broxiva-db-primary +primary +Ready/);
      expect(out).toMatch(/broxiva-db-replica-1 +replica +Ready/);
      const { processes } = JSON.parse(lab('--json', 'status').out);
      const worker = processes.find(({ name }: { name: string }) => name === 'worker');
      const resolved = spawnSync('nsenter', ['--target', String(worker.pid), '--mount', 'getent', 'hosts', 'redis']);
      expect(resolved.stdout.toString()).toMatch(/^127\./);
      expect(poolerIn(join(cache, 'labs', 'default', 'kubernetes', 'kubeconfig'))).toMatch(/condition met/);
      expect(lab('env').out).toContain(`export RUNBOOK_SECRETS='${cache}/labs/default/secrets'`);
    } finally {
      expect(lab('down')).toMatchObject({ code: 0, error: '' });
      await rm(home, { recursive: true });
    }
  },
  150_000,
);

/** PgBouncer refuses root, which is what an ordinary user is in a container of theirs. */
function poolerIn(kubeconfig: string): string {
  const kubectl = (args: string[], input?: string) =>
    spawnSync(join(cacheFolder(), 'bin', 'kubectl'), [...args, '--kubeconfig', kubeconfig], {
      input,
    }).stdout.toString();
  const env = [{ name: 'DB_HOST', value: 'nowhere' }];
  const readinessProbe = { tcpSocket: { port: 5432 }, periodSeconds: 1 };
  kubectl(
    ['apply', '-f', '-'],
    JSON.stringify(pod('pooler', { image: 'edoburu/pgbouncer:1.18.0', env, readinessProbe })),
  );
  return kubectl(['wait', 'pod/pooler', '--for=condition=Ready', '--timeout=50s']);
}
