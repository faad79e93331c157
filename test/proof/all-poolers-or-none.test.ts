/**
 * Goal: a PgBouncer that was let out of the pause, or sent the wrong way, is told as a violation; what may end a pause is not. Method: a
 * table of logs in PgBouncer's own words, of two pods around a promotion or a restart that Azure took on at 12:00:10.
 */
import type { Evidence } from './harness/evidence';
import { readPoolerLog } from './harness/pooler-runs';
import type { SeenRequest } from './harness/request';
import { allPoolersOrNone } from './invariants/all-poolers-or-none';

const second = (seconds: number) => Date.parse('2026-11-29T12:00:00Z') + seconds * 1000;

/** "5 PAUSE 'shop'": at 12:00:05. */
function log(...lines: string[]): string {
  return lines
    .map((line) => {
      const [at, words] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
      const time = new Date(second(Number(at))).toISOString().replace('T', ' ').replace('Z', ' UTC');
      return `${time} [1] ${/^[A-Z]+( '.*')?$/.test(words) ? `LOG ${words} command issued` : words}\n`;
    })
    .join('');
}

type Pod = ReturnType<typeof pod>;
const pod = (lines: string[], seen: { servesFrom?: number; endedAt?: number } = { servesFrom: 0 }) => ({
  ...{ pod: 'a pod', ...seen, ...readPoolerLog(log(...lines))! },
});
const up = (at = -60) => `${at} LOG process up: PgBouncer 1.18.0`;
const pauses = "9 PAUSE 'shop'";
const crosses = (at: number) => [`${at} PAUSE`, `${at} RELOAD`, `${at} RESUME 'shop'`, `${at} RESUME`];
const resumes = (at: number) => `${at} RESUME 'shop'`;
const unreadable = '11 WARNING config file loading failed';

const asked = {
  method: 'PATCH',
  path: '/flexibleServers/db-2',
  effect: 'PATCH {"replica":{"promoteMode":"standalone"}}',
};
const restarted = { method: 'POST', path: '/flexibleServers/db/restart', effect: 'POST' };
const canceled = { ...asked, endedInFailure: true, endedAt: second(12) };
const staged = {
  ...{ at: second(5), path: '/api/v1/namespaces/shop/secrets/pgbouncer', effect: 'PATCH' },
  isAccepted: true,
};

/** Of a run that was asked for at 12:00:00, in the one step that its plan promises to hide, or not to. */
function evidence(
  poolers: Pod[],
  request: Partial<SeenRequest>,
  impact = 'behind pgbouncer: wait',
  again: Partial<SeenRequest>[] = [],
): Evidence {
  const step = 'switch over';
  const activities = [{ step, type: 'switchOver', scheduledAt: second(8) }];
  const run = { correlationId: 'its own', startedAt: second(0), plan: { steps: [{ name: step, impact }] }, activities };
  const seen = [request, ...again].map((one) => ({
    ...{ at: second(10), isAccepted: true, endedInFailure: false, correlationId: 'its own', ...one },
  }));
  return { poolers, runs: [run], requests: [staged, ...seen] } as unknown as Evidence;
}

/** Asked for once more at 12:00:14, when the first has ended in failure. */
const twice = (...poolers: Pod[]) => evidence(poolers, canceled, undefined, [{ ...asked, at: second(14) }]);

const crossed = pod([up(), pauses, ...crosses(11)]);
const openPod = /^a pod let clients through when /;
const strayPod = /^a pod was resumed at 12:00:1\d\.000, after PATCH .* without the new address$/;

test.each<[string, Evidence, RegExp[]]>([
  ['all paused, and led across', evidence([crossed, crossed], asked), []],
  ['one is not paused', evidence([crossed, pod([up()])], asked), [openPod]],
  ['one was resumed before', evidence([crossed, pod([up(), "7 PAUSE 'shop'", resumes(9)])], asked), [openPod]],
  ['paused again in time', evidence([pod([up(), "7 PAUSE 'shop'", resumes(8), pauses, ...crosses(11)])], asked), []],
  [
    'a pause is ended twice: the second is none',
    evidence([pod([up(), resumes(8), pauses, ...crosses(11)])], asked),
    [],
  ],
  ['the pause of all stays', evidence([pod([up(), pauses, '9 PAUSE', resumes(9), ...crosses(11)])], asked), []],
  ['paused after it was taken on', evidence([pod([up(), "10.001 PAUSE 'shop'", ...crosses(11)])], asked), [openPod]],
  ['in the same millisecond', evidence([pod([up(), "10 PAUSE 'shop'", ...crosses(11)])], asked), []],
  ['one that never took clients', evidence([crossed, pod([up(9)], {})], asked), []],
  [
    'one that has just come',
    evidence([crossed, pod([up(5), "11 PAUSE 'shop'", ...crosses(12)], { servesFrom: second(9) })], asked),
    [],
  ],
  ['one that came a while ago', evidence([crossed, pod([up(5)], { servesFrom: second(6) })], asked), [openPod]],
  ['one that was gone', evidence([crossed, pod([up()], { servesFrom: 0, endedAt: second(9) })], asked), []],
  ['none that is known', evidence([], asked), [/nothing was shown$/]],
  ['resumed with the old address', evidence([pod([up(), pauses, resumes(11)])], asked), [strayPod]],
  ['resumed first, then reloaded', evidence([pod([up(), pauses, resumes(11), '11 RELOAD'])], asked), [strayPod]],
  [
    'its file could not be read',
    evidence([pod([up(), pauses, '11 RELOAD', unreadable, resumes(12)])], asked),
    [strayPod],
  ],
  ['tried again', evidence([pod([up(), pauses, '11 RELOAD', unreadable, '12 RELOAD', resumes(12)])], asked), []],
  ['it stays paused', evidence([crossed, pod([up(), pauses, '11 PAUSE', '11 RELOAD', unreadable])], asked), []],
  ['the pause of all is not ended yet', evidence([pod([up(), pauses, '11 PAUSE', resumes(11)])], asked), []],
  ['started anew with the new file', evidence([crossed, pod([up(6), pauses, resumes(11)])], asked), []],
  ['started anew before that was staged', evidence([crossed, pod([up(4), pauses, resumes(11)])], asked), [strayPod]],
  ['back when it had ended without effect', evidence([pod([up(), pauses, resumes(12)])], canceled), []],
  ['back while it might still come', evidence([pod([up(), pauses, resumes(11)])], canceled), [strayPod]],
  ['failed after its effect, and asked again', twice(crossed, crossed), []],
  ['failed without effect, and asked again', twice(crossed, pod([up(), pauses, resumes(12)])), [openPod]],
  ['asked again, and one was never paused', twice(crossed, pod([up()])), [openPod, openPod]],
  ['asked again, and one was started anew', twice(crossed, pod([up(6)])), [openPod, openPod]],
  ['asked again without a failure', evidence([crossed], asked, undefined, [{ ...asked, at: second(14) }]), [openPod]],
  ['a restart, all paused, resumed early', evidence([pod([up(), pauses, resumes(10.5)])], restarted), []],
  ['a restart, one not paused', evidence([crossed, pod([up()])], restarted), [openPod]],
  ['a restart that meets clients by the plan', evidence([pod([up()])], restarted, 'all: cut off'), []],
  ['a restart that was refused', evidence([pod([up()])], { ...restarted, isAccepted: false }), []],
  ['a restart of somebody else’s', evidence([pod([up()])], { ...restarted, correlationId: '' }), []],
  ['a parameter in the same step', evidence([pod([up()])], { ...restarted, path: '/configurations/x' }), []],
])('%s', (_name, given, told) => {
  expect(allPoolersOrNone.violations(given)).toEqual(told.map((words) => expect.stringMatching(words) as string));
});

test('a log without a line is of nobody who was there', () => {
  expect(readPoolerLog('')).toBeUndefined();
});
