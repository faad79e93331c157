/** databaseReplace: refused, given up, led back, and done under clients of the pool that do not fail. */
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { mutationInterval } from '../support/mutations';
import { Run } from '../support/run';
import { larger, type Replacements, servers } from './replacements';

const { first, second } = servers;

export function replaceTests(given: Replacements): void {
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
    dieInThePause,
    startAgain,
    hosts,
    urlOfPods,
    alter,
    administer,
  } = given;

  beforeAll(() => pooler().make());

  test('refuses a smaller size, a name that is taken, clients that come past the pool, and jobs that go on', async () => {
    const { data } = await cluster().get('secret', 'broxiva-secrets');
    await cluster().merge('secret', 'broxiva-secrets', {
      data: { DIRECT_DATABASE_URL: data['DATABASE_URL'] as string },
    });
    // What pg_cron leaves to be read; PostgreSQL's own packages have none.
    await administer(first, 'CREATE DATABASE jobs');
    await administer(
      first,
      `CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, command text, database text, username text, active boolean, jobname text);
       INSERT INTO cron.job VALUES (7, 'SELECT secret', 'broxiva', current_user, true, 'nightly'), (8, 'SELECT 8', 'broxiva', current_user, false, NULL)`,
      'jobs',
    );
    await database().superuserSql(`ALTER ROLE ${production.administratorLogin} SET cron.database_name = 'jobs'`);
    const sessions = await Promise.all([database().session(), database().session()]);
    const run = await start({ replacement: first, sku: 'Standard_D2ds_v4' });
    const { outcome, summary } = await run.report();
    await Promise.all(sessions.map((session) => session.end()));
    await database().superuserSql(`ALTER ROLE ${production.administratorLogin} RESET cron.database_name`);
    await administer(first, 'DROP DATABASE jobs');
    expect(outcome).toBe('Refused');
    for (const words of [
      /broxiva-db-primary is there already/,
      /Standard_D2ds_v4 is smaller than Standard_D\dds_v4/,
      /sessions that are not the pool’s.*broxiva/,
      /pg_cron runs jobs as the administrator.*: 7 nightly in broxiva\./,
    ]) {
      expect(summary).toMatch(words);
    }
    expect((await run.findings()).join('\n')).toMatch(/NotCarriedOver: .*: broxiva-secrets\/DIRECT_DATABASE_URL$/m);
    expect(await accepted(run)).toEqual([]);
  });

  test('a transaction that does not end: given up, clients go on, nothing is left', async () => {
    await cluster().kubectl('scale', 'deployment/broxiva-api', 'deployment/broxiva-worker', '--replicas=0');
    await cluster().kubectl(
      'wait',
      '--for=delete',
      'pod',
      '-l',
      'app in (broxiva-api, broxiva-worker)',
      '--timeout=90s',
    );
    const before = [await hosts(), (await urlOfPods()).hostname];
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await run.pauseAfter('create');
    const session = await inTransaction();
    await run.order('resume');
    const report = await run.report();
    await session.end();
    await told('given up');
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/a transaction through pgbouncer-\S+ did not end within 10 s/) as string,
    });
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
    expect(await pooler().serves()).toEqual([true, true]);
    expect([await hosts(), (await urlOfPods()).hostname]).toEqual(before);
    expect(await pooler().sql("SELECT 1 FROM pg_roles WHERE rolname = 'broxiva' AND rolcanlogin")).toHaveLength(1);
  });

  test('another runbook on that primary is refused meanwhile, or waits until it is over', async () => {
    const run = await start({ replacement: second });
    await run.approveAll();
    await run.pauseAfter('create');
    const restart = (onBusy: string) =>
      Run.start(cluster().production, 'databaseRestart', { server: first, restart: true, onBusy });
    const refused = await restart('refuse');
    expect(await refused.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining(`held by ${run.workflowId}`) as string,
    });
    const waiting = await restart('wait');
    await waiting.until(({ phase }) => phase === 'awaiting-lock');
    // Both have the pooler as well, which comes first.
    expect((await cluster().production.lock(first))?.holder).toMatchObject({ workflowId: run.workflowId });
    await run.order('abort');
    expect([(await run.report()).outcome, (await waiting.report()).outcome]).toEqual(['RolledBack', 'Succeeded']);
    const requests = await cluster().production.requests();
    const [replaced, restarted] = [run, waiting].map(({ workflowId }) => mutationInterval(requests, workflowId)!);
    expect(restarted!.from).toBeGreaterThanOrEqual(replaced!.to);
  });

  test('the replica dies before anything is asked for: clients go on at once with the old primary', async () => {
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await run.pauseAfter('create');
    // The pause waits for it, and the last byte for a replica that is gone by then.
    const session = await inTransaction();
    await run.order('resume');
    await dieInThePause(second, session);
    const resumed = async () => (await pooler().paused()).every((paused) => !paused);
    await until('clients go on', resumed, { deadlineMs: 40_000, everyMs: 50 });
    await startAgain(second);
    const { phase } = await run.until((status) => status.phase === 'closed' || status.phase === 'needs-operator');
    if (phase !== 'closed') await run.order('rollback');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    await told('a replica that died');
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
  });

  test('who comes past the pool by then is not cut off: given up, and the replica that somebody deletes meanwhile is taken out', async () => {
    const { data } = await cluster().get('secret', 'pgbouncer');
    const before = await hosts();
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await database().session(first);
    await run.order('resume');
    const report = await run.report();
    expect([report.outcome, report.summary]).toEqual([
      'RolledBack',
      expect.stringMatching(/1 sessions are there while every pod is paused, and would be cut off: broxiva /),
    ]);
    await session.query('SELECT 1');
    await session.end();
    await told('a session past the pool');

    const other = await start({ replacement: second });
    await other.approveAll();
    await pauseWhenStaged(other);
    await database().change('DELETE', second);
    const isGone = async () => !(await database().knows(second));
    await until('it is gone', isGone, { deadlineMs: 60_000, everyMs: 100 });
    await other.order('resume');
    expect(await other.report()).toMatchObject({ outcome: 'RolledBack' });
    expect((await cluster().get('secret', 'pgbouncer')).data).toEqual(data);
    expect(await hosts()).toEqual(before);
    expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
    expect(await accepted(other)).toEqual([`${second} made as a replica D8ds_v4`]);
  });

  test('the old primary is closed already and the new one does not answer: nobody says that clients went on, and going back opens it', async () => {
    const run = await start({ replacement: second, timing: { operationTimeoutSeconds: 30 } });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await inTransaction();
    // As by a worker that died after it had closed it.
    await alter(first, 'NOLOGIN');
    await run.order('resume');
    await dieInThePause(second, session);
    const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
    expect(trouble?.tried[0]).toMatch(
      /^clients wait: broxiva-db-primary lets nobody in, and it is not known whether broxiva-db-second is promoted yet: /,
    );
    await expect(database().session(first)).rejects.toThrow(/not permitted to log in/);
    await startAgain(second);
    await run.order('rollback');
    const { outcome, steps } = await run.report();
    expect(outcome).toBe('RolledBack');
    // Only when it was seen that no promotion comes any more.
    expect(steps.find(({ name }) => name.startsWith('switch over'))!.evidence).toMatch(
      /^never took effect: .*; broxiva-db-primary takes writes, broxiva can log in to it; none of 2 pods is paused$/,
    );
    expect(await database().takesWrites(first)).toBe(true);
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
  });

  test('under clients that stay and clients that come and go: none fails, no row is lost', async () => {
    await database().letIn('office', '203.0.113.1', '203.0.113.9');
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    const report = await run.report();
    await told('replaced');
    console.log(report.steps.map(({ name, evidence }) => `${name}: ${evidence}`).join('\n'));
    expect(report).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
    expect((await run.plan()).approval.irreversibleSteps).toEqual([
      `switch over to ${second}`,
      `publish ${second} in broxiva-secrets/DATABASE_URL`,
    ]);
    expect(report.steps.find(({ name }) => name === `switch over to ${second}`)!.evidence).toMatch(
      /takes writes; each of 2 pods leads there; nobody is on broxiva-db-primary, broxiva cannot log in to it; 2 pods were paused for \d+\.\d\d s; of these \d+\.\d\d s after the promotion$/,
    );
    const host = await database().host(second);
    expect([...(await hosts()), (await urlOfPods()).hostname]).toEqual([host, host, host]);
    expect(await database().look(second)).toMatchObject({ sku: larger, state: 'Ready' });
    expect(await database().takesWrites(second)).toBe(true);
    expect(await database().firewallRules(second)).toEqual(['office: 203.0.113.1 to 203.0.113.9']);
    await expect(database().session(first)).rejects.toThrow(/not permitted to log in/);
    expect(await pooler().serves()).toEqual([true, true]);
  });
}
