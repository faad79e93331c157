/** databaseReplace: interrupted in the worst second, by a lost answer, a worker's death, an operator, or somebody else's promotion. */
import { setTimeout as sleep } from 'node:timers/promises';
import { administrator } from '../../../activities/pgbouncer/configuration';
import { onConsole } from '../../../activities/pgbouncer/console';
import { type Lease, putLease, readLease } from '../../../activities/pgbouncer/lease';
import { noticedDuring, promotionOf } from '../../../lab/compare/noticed';
import { bareScript } from '../../../lab/compare/script';
import { Stand } from '../../../lab/compare/stand';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { Terminal } from '../../../lab/story/terminal';
import { inWords, isAccepted, mutationsOf } from '../support/mutations';
import { PoolClients } from '../support/pool-clients';
import type { Run } from '../support/run';
import { type Replacements, servers } from './replacements';

const { second, unheard, scripted, third, stopped, aborted, foreign, foreignLater } = servers;

export function interruptedTests(given: Replacements): void {
  const {
    cluster,
    pooler,
    database,
    start,
    accepted,
    pauseWhenStaged,
    clients,
    told,
    inTransaction,
    pausing,
    hosts,
    alter,
  } = given;

  let readers: PoolClients | undefined;
  afterEach(() => readers?.end());

  /** Of each pod; undefined where its sidecar does not answer just now. */
  const leases = async () =>
    Promise.all((await pooler().pods()).map(({ address }) => readLease(address).catch(() => undefined)));

  test('whether Azure has taken the promotion nobody has heard, and another is refused: the fence stays until it comes', async () => {
    await clients();
    const run = await start({ server: second, replacement: unheard });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('lost-response', { server: unheard });
    await cluster().production.arm('stale-read', { server: unheard, seconds: 300 });
    await cluster().production.arm('operation-hangs', { server: unheard });
    await run.order('resume');
    const promotions = async () =>
      mutationsOf(await cluster().production.requests(), run.workflowId).filter(
        (request) => inWords(request) === `${unheard} promoted`,
      );
    await until('it is asked for again', async () => (await promotions()).length > 1, { deadlineMs: 60_000 });
    await sleep(2000);
    expect(await pooler().paused()).toEqual([true, true]);
    await expect(database().session(second)).rejects.toThrow(/not permitted to log in/);
    await expect(cluster().kubectl('rollout', 'restart', 'deployment/pgbouncer')).rejects.toThrow(/paused/);
    await cluster().production.clearFaults();
    const report = await run.report();
    await told('replaced by a promotion of which nobody had heard');
    expect(report.outcome).toBe('Succeeded');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(unheard)]));
    expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
    expect((await promotions()).filter(isAccepted)).toHaveLength(1);
  });

  test('beside it a bare script: what a comparison measures of its clients over HTTP and SQL', async () => {
    const stand = new Stand(cluster().lab, new Terminal({}, new AbortController().signal));
    stand.primary = unheard;
    const url = await stand.pooledUrl();
    await cluster().kubectl('set', 'env', 'deployment/broxiva-api', `DATABASE_URL=${url}`);
    await cluster().kubectl('scale', 'deployment/broxiva-api', '--replicas=3');
    await cluster().kubectl('rollout', 'status', 'deployment/broxiva-api', '--timeout=90s');
    const noticed = await noticedDuring(stand, 'scripted', url, () => bareScript(stand));
    await cluster().kubectl('scale', 'deployment/broxiva-api', '--replicas=0');
    const { untilPrimary, operation } = await promotionOf(stand, scripted);
    expect(untilPrimary).toBeLessThan(operation);
    for (const { requests, failed, lost, duplicated, longestStallSeconds } of [noticed.http, noticed.sql]) {
      // Whether its clients fail is the script's affair, which looks at nothing twice; that they are asked is ours.
      expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
      expect(failed).toBeLessThan(requests / 10);
      // Each client of theirs has asked more than once; how often is the machine's.
      expect(requests).toBeGreaterThan(32);
      // Both waited for the promotion, so both reach the database.
      expect(longestStallSeconds).toBeGreaterThan(untilPrimary);
    }
    expect(await database().takesWrites(scripted)).toBe(true);
  });

  test('the worker dies when all is paused and fenced: clients wait, and the next one leads them on', async () => {
    await clients();
    const run = await start({ server: scripted, replacement: third });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('operation-hangs', { server: third });
    await run.order('resume');
    const asked = async () => (await accepted(run)).includes(`${third} promoted`);
    await until('the promotion is asked for', asked, { deadlineMs: 60_000, everyMs: 20 });
    let dead: Lease[] = [];
    const lent = async () => (dead = (await leases()).filter((lease) => lease !== undefined)).length === 2;
    await until('each pod tells its lease', lent, { deadlineMs: 20_000, everyMs: 20 });
    const diedAt = Date.now();
    await cluster().production.worker.kill();
    expect(await pooler().paused()).toEqual([true, true]);
    await cluster().production.worker.start();
    const isTakenOver = async () => (await leases()).every((lease) => (lease?.attempt ?? 0) > dead[0]!.attempt);
    await until('the next worker has the leases', isTakenOver, { deadlineMs: 60_000, everyMs: 20 });
    const lapses = Math.min(...dead.map(({ expiresAt }) => expiresAt));
    console.log(
      `leases of the next worker ${seconds(Date.now() - diedAt)} after the death, ${seconds(lapses - Date.now())} before the former lapse`,
    );
    await cluster().production.clearFaults();
    const report = await run.report();
    await told('replaced by two workers');
    expect(report.outcome).toBe('Succeeded');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(third)]));
    expect(await accepted(run)).toEqual([`${third} made as a replica D8ds_v4`, `${third} promoted`]);
    expect(await pooler().serves()).toEqual([true, true]);
  });

  test('stopped when the promotion is asked for, and its worker dies: clients are led on, and only then somebody is asked', async () => {
    await clients();
    const run = await start({ server: third, replacement: stopped });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('operation-hangs', { server: stopped });
    await run.order('resume');
    const asked = async () => (await accepted(run)).includes(`${stopped} promoted`);
    await until('the promotion is asked for', asked, { deadlineMs: 60_000, everyMs: 20 });
    await run.order('abort');
    await cluster().production.worker.kill();
    expect(await pooler().paused()).toEqual([true, true]);
    await cluster().production.worker.start();
    await cluster().production.clearFaults();
    const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
    expect(trouble!.tried.join('\n')).toMatch(/^stopped by [^]*was promoted after all, and clients are there/);
    expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
    expect(await pooler().serves()).toEqual([true, true]);
    await told('stopped, and its worker dead');
    await run.order('retry');
    expect((await run.report()).outcome).toBe('Succeeded');
    expect(await accepted(run)).toEqual([`${stopped} made as a replica D8ds_v4`, `${stopped} promoted`]);
  });

  test('stopped before the promotion is asked for, and its worker dies: clients are led back, and nobody is asked', async () => {
    await clients();
    const run = await start({ server: stopped, replacement: aborted });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await inTransaction();
    await run.order('resume');
    await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
    await run.order('abort');
    // In the middle of it: the pause waits for that transaction.
    await cluster().production.worker.kill();
    await session.query('COMMIT');
    await session.end();
    await cluster().production.worker.start();
    const { outcome, summary, steps } = await run.report();
    expect([outcome, summary]).toEqual(['RolledBack', expect.stringMatching(/^stopped by /)]);
    expect(steps.find(({ name }) => name.startsWith('switch over'))!.evidence).toMatch(
      /^never took effect: .*; broxiva-db-stopped takes writes, broxiva can log in to it; none of 2 pods is paused$/,
    );
    await told('stopped before anything was asked for, and its worker dead');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
    expect(await pooler().serves()).toEqual([true, true]);
    expect(await accepted(run)).toEqual([`${aborted} made as a replica D8ds_v4`, `${aborted} deleted`]);
  });

  describe('somebody else promotes the replica: clients go on with the old primary, where their rows are, and all else is taken back', () => {
    const promote = async (server: string) => {
      await database().change('PATCH', server, {
        properties: { replica: { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' } },
      });
      const takesWrites = () =>
        database()
          .takesWrites(server)
          .catch(() => false);
      await until('it is a primary', takesWrites, { deadlineMs: 60_000, everyMs: 50 });
    };

    test.each([
      [
        'before the fence',
        foreign,
        async (run: Run) => {
          const session = await inTransaction();
          await run.order('resume');
          await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
          await promote(foreign);
          await session.query('COMMIT');
          await session.end();
        },
      ],
      [
        'after Azure has refused ours for now',
        foreignLater,
        async (run: Run) => {
          await cluster().production.arm('throttle', { server: foreignLater, on: 'mutation', count: 1, seconds: 15 });
          await run.order('resume');
          const refused = async () =>
            mutationsOf(await cluster().production.requests(), run.workflowId).some(({ status }) => status === 429);
          await until('it is refused', refused, { deadlineMs: 60_000, everyMs: 50 });
          await until('clients go on', async () => !(await pausing()), { deadlineMs: 20_000, everyMs: 50 });
          await promote(foreignLater);
        },
      ],
    ])('%s', async (_when, replacement, meanwhile) => {
      const { data } = await cluster().get('secret', 'pgbouncer');
      await clients();
      const run = await start({ server: stopped, replacement });
      await run.approveAll();
      await pauseWhenStaged(run);
      await meanwhile(run);
      const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
      // All is as it was but for the server, which is somebody else's now.
      expect(trouble).toMatchObject({ step: `create ${replacement}`, orders: ['retry', 'accept'] });
      const said = trouble!.tried.join('\n');
      expect(said).toMatch(/somebody else has promoted the replacement/);
      expect(said).toContain(
        `${replacement} is there, follows nobody, though it was made to follow ${stopped}: it is left alone`,
      );
      await told('a replica that somebody else promoted');
      expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
      expect((await cluster().get('secret', 'pgbouncer')).data).toEqual(data);
      expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
      expect(await pooler().serves()).toEqual([true, true]);
      for (const server of [stopped, replacement]) expect(await database().takesWrites(server)).toBe(true);
      await run.order('accept');
      expect(await run.report()).toMatchObject({ outcome: 'Accepted' });
      const again = await start({ server: stopped, replacement });
      expect((await again.report()).summary).toContain(`${replacement} is there already and follows nobody`);
    });
  });

  test('no worker is there: under clients the guards take what is staged where the loaded server takes no writes, and the staged one does', async () => {
    const pods = await pooler().pods();
    const [loaded, staged] = [await database().host(stopped), await database().host(scripted)];
    const { data } = await cluster().get('secret', 'pgbouncer');
    const files = Object.entries<string>(data).filter(([name]) => name.endsWith('.ini'));
    const led = files.map(([name, text]) => [name, Buffer.from(text, 'base64').toString().replace(loaded, staged)]);
    const encoded = led.map(([name, text]) => [name, Buffer.from(text!).toString('base64')]);
    await cluster().merge('secret', 'pgbouncer', { data: Object.fromEntries(encoded) as Record<string, string> });
    const [login, password] = await Promise.all([pooler().login(), pooler().consolePassword()]);
    const clients = (readers = new PoolClients(login, { clients: 8, patienceMs: 110_000 }));
    await until('they read', () => clients.good > 100, { deadlineMs: 50_000 });
    const since = Date.now();
    const lease = (ms: number) =>
      Promise.all(
        pods.map(({ address }) =>
          putLease(address, { holder: 'a run', attempt: 1, since, expiresAt: Date.now() + ms }, password),
        ),
      );
    await lease(50_000);
    for (const pod of pods) {
      // Between two logins of the pool, as a worker does.
      await onConsole({ host: pod.address, port: login.port }, { user: administrator, password }, (console) =>
        console.pause(production.database, () => undefined),
      );
    }
    await alter(stopped, 'NOLOGIN');
    await lease(1000);
    // For some looks of the guards.
    await sleep(4000);
    expect([await hosts(), await pooler().paused()]).toEqual([
      [loaded, loaded],
      [true, true],
    ]);
    await alter(scripted, 'LOGIN');
    const opened = Date.now();
    const taken = async () => {
      const [leads, waits] = [await hosts(), await pooler().paused()];
      return leads.every((host) => host === staged) && !waits.some(Boolean);
    };
    await until('the guards have taken it', taken, { deadlineMs: 50_000, everyMs: 50 });
    const took = ((Date.now() - opened) / 1000).toFixed(1);
    const before = clients.good;
    await until('they read on', () => clients.good > before + 100, { deadlineMs: 50_000 });
    await clients.end();
    console.log(`the guards took the staged address ${took} s after it took writes: ${clients.told}`);
    expect(clients.bad).toEqual([]);
  });
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
