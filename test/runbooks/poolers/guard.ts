/** The guard in each pooler's pod: a pause with a lapsed lease ends as soon as the server takes writes; any other one stays. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sign } from '../../../activities/pgbouncer/lease';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { Pooler } from '../support/pooler';

/** A look a second, a login and a transaction; on a busy machine it takes longer. */
const noticedMs = 30_000;
/** Longer than anything takes that a test does meanwhile. */
const longLeaseMs = 10_000;

export function guardTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const first = async () => (await pooler().pods())[0]!;
  const pause = async () => pooler().command(`PAUSE ${production.database}`, await first());
  const isPaused = async () => (await pooler().paused())[0]!;

  const send = async (body: object) => {
    const { address } = await first();
    const answer = await fetch(`http://${address}:9127/lease`, { method: 'PUT', body: JSON.stringify(body) });
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  const lease = async (ms: number, holder = 'a run', attempt = 2) => {
    const [since, expiresAt] = [Date.now(), ms === 0 ? 0 : Date.now() + ms];
    return send(sign({ holder, attempt, since, expiresAt }, await pooler().consolePassword()));
  };

  test('a lease that is not signed, another’s, or too long is not taken', async () => {
    const unsigned = { holder: 'a run', attempt: 1, since: 0, expiresAt: Date.now() + 1000 };
    expect(await send({ ...unsigned, signature: '00' })).toMatch(/^403 /);
    expect(await send(sign(unsigned, 'another password'))).toMatch(/^403 /);
    expect(await lease(3_600_000)).toMatch(/^400 it would last/);
    expect(await lease(-1000)).toMatch(/^400 .*do the clocks differ/);
    expect(await lease(5000)).toBe('200 taken');
    expect(await lease(5000, 'another run')).toMatch(/^409 a run holds it/);
    expect(await lease(5000, 'a run', 1)).toMatch(/^410 a later attempt of a run has it/);
    expect(await lease(0)).toBe('200 taken');
    expect(await (await fetch(`http://${(await first()).address}:9127/lease`)).text()).toBe('none\n');
  });

  test('a request that is none of its own ends no sidecar', async () => {
    const { address } = await first();
    for (const path of ['//', '/constructor', '/lease/x']) {
      expect((await fetch(`http://${address}:9127${path}`)).status).toBe(404);
    }
    expect((await fetch(`http://${address}:9127/lease`)).status).toBe(200);
  });

  test('a pause with a lease that lapses is ended; one without a lease stays', async () => {
    const lapses = Date.now() + longLeaseMs;
    expect(await lease(longLeaseMs)).toBe('200 taken');
    await pause();
    const resumed = async () => !(await isPaused());
    await until('it is resumed', resumed, { deadlineMs: longLeaseMs + noticedMs, everyMs: 50 });
    expect(Date.now()).toBeGreaterThan(lapses);
    await pause();
    await sleep(3000);
    expect(await isPaused()).toBe(true);
    await pooler().command(`RESUME ${production.database}`, await first());
  });

  test('while the server takes no writes the pause stays', async () => {
    const database = Database.first(cluster().production);
    expect(await lease(longLeaseMs)).toBe('200 taken');
    await pause();
    await database.change('POST', `${database.name}/stop`);
    expect(await lease(longLeaseMs)).toBe('200 taken');
    const lapses = Date.now() + longLeaseMs;
    const refuses = async () => !(await database.takesWrites(database.name).catch(() => false));
    await until('it takes no writes', refuses, { deadlineMs: longLeaseMs });
    await sleep(lapses - Date.now() + 3000);
    expect(await isPaused()).toBe(true);
    await database.change('POST', `${database.name}/start`);
    await database.ready();
    const ready = Date.now();
    await until('it is resumed', async () => !(await isPaused()), { deadlineMs: noticedMs, everyMs: 50 });
    console.log(`resumed ${Date.now() - ready} ms after the server was Ready again`);
    expect(await pooler().sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
}
