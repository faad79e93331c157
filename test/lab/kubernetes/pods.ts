/** Pods: they become ready, answer through their Service, are started again when they end, and go as Kubernetes wants it. */
import { readdirSync } from 'node:fs';
import { Agent } from 'node:http';
import { ClusterLayout } from '../../../lab/kubernetes/layout';
import type { Lab } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { apply, kubectl, kubectlJson, pod, podsOf, processOf, serviceUrl, statusOf } from './cluster-lab';
import { ask } from '../../../lab/traffic/requests';

/** All its waits together. */
const longMs = 300_000;

export function podTests(theLab: () => Lab): void {
  test.concurrent(
    'the API answers from PostgreSQL, through its Service; the page is made from what the API answers',
    async () => {
      const { status, text } = await ask(`${await serviceUrl(theLab(), 'broxiva-api')}/api/products`);
      expect(status).toBe(200);
      expect(JSON.parse(text)).toHaveLength(50);
      expect((await ask(`${await serviceUrl(theLab(), 'broxiva-web')}/`)).text).toContain('<li>Product 1</li>');
    },
  );

  test.concurrent('pods are on different nodes and have addresses of their own', async () => {
    const pods = await podsOf(theLab(), 'broxiva-api');
    expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
    expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(3);
  });

  test.concurrent('a process that is killed is started again in the same pod', async () => {
    const [before] = await podsOf(theLab(), 'broxiva-worker');
    process.kill(processOf(before), 'SIGKILL');
    const restarted = async () => {
      const now = (await podsOf(theLab(), 'broxiva-worker')).find(
        ({ metadata }) => metadata.uid === before.metadata.uid,
      );
      const [status] = now.status.containerStatuses;
      return status.restartCount === 1 && status.ready && status.lastState.terminated.exitCode === 137;
    };
    await until('the container runs again', restarted, { deadlineMs: 50_000, everyMs: 200 });
  });

  test.concurrent('pods that are deleted while their volumes are being written leave nothing behind', async () => {
    const data = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`key-${index}`, 'x'.repeat(500)]));
    await apply(theLab(), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'many' }, data });
    const names = Array.from({ length: 20 }, (_, index) => `hasty-${index}`);
    const volumes = [{ name: 'many', configMap: { name: 'many' } }];
    const volumeMounts = [{ name: 'many', mountPath: '/many' }];
    await apply(theLab(), ...names.map((name) => pod(name, { command: ['sleep', '600'], volumeMounts }, { volumes })));
    const { items } = await kubectlJson(theLab(), 'get', 'pods');
    const uids = new Set(
      items.filter(({ metadata }: any) => names.includes(metadata.name)).map(({ metadata }: any) => metadata.uid),
    );
    await kubectl(theLab(), 'delete', 'pod', '--grace-period=0', '--force', ...names);
    const folder = new ClusterLayout(theLab()).podsFolder;
    const left = () => readdirSync(folder).filter((uid) => uids.has(uid)).length;
    await until('their folders are gone', () => left() === 0, { deadlineMs: 50_000, everyMs: 100 });
    await apply(theLab(), pod('afterwards', { command: ['sleep', '600'] }));
    const runs = async () => (await statusOf(theLab(), 'afterwards'))?.ready === true;
    await until('the kubelet is there', runs, { deadlineMs: 50_000, everyMs: 200 });
  });

  test.concurrent('an image that no registry has is told as ErrImagePull, then ImagePullBackOff', async () => {
    await apply(theLab(), pod('no-image', { image: 'broxiva/api:no-such-tag' }));
    // Each is there for a second or two: a look now and then may miss one.
    const told = (reason: string) => {
      const shows = `--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=${reason}`;
      return kubectl(theLab(), 'wait', 'pod/no-image', shows, '--timeout=50s');
    };
    await Promise.all(['ErrImagePull', 'ImagePullBackOff'].map(told));
  });

  test.concurrent('a container that ends again and again waits longer each time: CrashLoopBackOff', async () => {
    await apply(theLab(), pod('crashing', { command: ['sh', '-c', 'echo no; exit 3'] }));
    const waits = async () => (await statusOf(theLab(), 'crashing'))?.state.waiting?.reason === 'CrashLoopBackOff';
    await until('it waits', waits, { deadlineMs: 50_000, everyMs: 200 });
    expect((await statusOf(theLab(), 'crashing')).lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  });

  test.concurrent(
    'a pod waits for a Secret that is missing, then sees it as variables and files, after its init containers',
    async () => {
      const init = { name: 'init', image: 'busybox:1.36', command: ['sh', '-c', 'echo made > /shared/file'] };
      const command = [
        'sh',
        '-c',
        '[ "$WORD $(cat /secret/word) $(cat /shared/file) $NODE" = "yes yes made $(cat /info/node)" ]',
      ];
      const mounts = { shared: '/shared', secret: '/secret', info: '/info' };
      const volumeMounts = Object.entries(mounts).map(([name, mountPath]) => ({ name, mountPath }));
      const env = [
        { name: 'WORD', valueFrom: { secretKeyRef: { name: 'late', key: 'word' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ];
      const volumes = [
        { name: 'shared', emptyDir: {} },
        { name: 'secret', secret: { secretName: 'late' } },
        { name: 'info', downwardAPI: { items: [{ path: 'node', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ];
      const initContainers = [{ ...init, volumeMounts: volumeMounts.slice(0, 1) }];
      await apply(
        theLab(),
        pod('waiting', { command, env, volumeMounts }, { restartPolicy: 'Never', volumes, initContainers }),
      );
      const told = async () => (await kubectl(theLab(), 'get', 'events')).includes('secret "late" not found');
      await until('the event was told', told, { deadlineMs: 50_000, everyMs: 200 });
      await kubectl(theLab(), 'create', 'secret', 'generic', 'late', '--from-literal=word=yes');
      await kubectl(theLab(), 'wait', 'pod/waiting', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=50s');
    },
  );

  test.concurrent('a pod that goes runs preStop, hears SIGTERM, and is killed after its grace period', async () => {
    const polite = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
    const deaf = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'];
    const lifecycle = { preStop: { exec: { command: ['sleep', '1'] } } };
    await apply(theLab(), pod('polite', { command: polite, lifecycle }), pod('deaf', { command: deaf }));
    await kubectl(theLab(), 'wait', 'pod/polite', 'pod/deaf', '--for=condition=Ready', '--timeout=50s');
    const timed = async (name: string, grace: number) => {
      const began = Date.now();
      await kubectl(theLab(), 'delete', 'pod', name, `--grace-period=${grace}`);
      return (Date.now() - began) / 1000;
    };
    const [politeSeconds, deafSeconds] = await Promise.all([timed('polite', 60), timed('deaf', 3)]);
    expect(politeSeconds).toBeGreaterThan(1);
    expect(politeSeconds).toBeLessThan(30);
    expect(deafSeconds).toBeGreaterThan(3);
  });

  test.concurrent(
    'a service that goes answers on a connection that its client keeps, and says that it ends',
    async () => {
      const readinessProbe = { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 };
      await apply(theLab(), pod('leaving', { image: 'broxiva/web:1.0.0', readinessProbe }));
      await kubectl(theLab(), 'wait', 'pod/leaving', '--for=condition=Ready', '--timeout=50s');
      const url = `http://${(await kubectlJson(theLab(), 'get', 'pod', 'leaving')).status.podIP}:3000/health`;
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      let last = await ask(url, { agent });
      expect(last.headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=2' });
      const deleted = kubectl(theLab(), 'delete', 'pod', 'leaving', '--wait=false');
      // All the while: a connection that is idle for too long is closed.
      const told = async () => {
        last = await ask(url, { agent });
        return last.headers.connection === 'close';
      };
      await until('it says that it ends', told, { deadlineMs: 50_000, everyMs: 50 });
      await deleted;
      expect(last).toMatchObject({ status: 200, reused: true });
      await kubectl(theLab(), 'wait', 'pod/leaving', '--for=delete', '--timeout=50s');
    },
    longMs,
  );

  test.concurrent('a claim is bound to a folder, which the next pod finds as the last one left it', async () => {
    const claim = {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'kept' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const volumes = [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept' } }];
    const volumeMounts = [{ name: 'kept', mountPath: '/data' }];
    const once = (name: string, script: string) =>
      pod(name, { command: ['sh', '-c', script], volumeMounts }, { restartPolicy: 'Never', volumes });
    const succeeded = '--for=jsonpath={.status.phase}=Succeeded';
    await apply(theLab(), claim, once('writer', 'echo kept > /data/word'));
    await kubectl(theLab(), 'wait', 'pod/writer', succeeded, '--timeout=50s');
    await apply(theLab(), once('reader', '[ "$(cat /data/word)" = kept ]'));
    await kubectl(theLab(), 'wait', 'pod/reader', succeeded, '--timeout=50s');
  });
}
