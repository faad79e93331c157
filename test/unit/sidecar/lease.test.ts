/** The lease of a pause: what the sidecar does with one that is sent, and what its guard does when it has lapsed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSigned, leaseIn, sign } from '../../../activities/pgbouncer/lease';
import { decide, type Decision } from '../../../sidecar/guard';
import { answerTo, LeaseBook } from '../../../sidecar/lease-book';

const now = 1_000_000;
const password = 'of the console';
const lease = (expiresAt: number, holder = 'run-1', attempt = 2) => ({ holder, attempt, since: now - 500, expiresAt });

test.each<[string, Parameters<typeof decide>, Decision]>([
  ['no lease, paused by somebody', [undefined, true, now], 'leaveAlone'],
  ['in force', [lease(now + 1), true, now], 'leaveAlone'],
  ['lapsed this moment', [lease(now), true, now], 'resumeIfServed'],
  ['lapsed, resumed already', [lease(now - 1), false, now], 'forget'],
])('guard: %s', (_name, given, decision) => {
  expect(decide(...given)).toBe(decision);
});

test.each<[string, ReturnType<typeof lease>, ReturnType<typeof lease> | undefined, object]>([
  ['the first', lease(now + 10_000), undefined, { status: 200, lease: lease(now + 10_000) }],
  ['renewed', lease(now + 10_000), lease(now + 5000), { status: 200, lease: lease(now + 10_000) }],
  ['another’s, in force', lease(now + 10_000), lease(now + 5000, 'run-2'), { status: 409 }],
  ['another’s, lapsed', lease(now + 10_000), lease(now - 1, 'run-2'), { status: 200, lease: lease(now + 10_000) }],
  ['a later attempt’s', lease(now + 10_000, 'run-1', 3), lease(now + 5000), { status: 200, lease: { attempt: 3 } }],
  ['an earlier attempt’s', lease(now + 10_000, 'run-1', 1), lease(now + 5000), { status: 410 }],
  ['an earlier attempt’s, and it has lapsed', lease(now + 10_000, 'run-1', 1), lease(now - 1), { status: 410 }],
  ['an earlier attempt gives none back', lease(0, 'run-1', 1), lease(now + 5000), { status: 410 }],
  ['given back', lease(0), lease(now + 5000), { status: 200, lease: lease(0) }],
  ['given back, and none was there', lease(0), undefined, { status: 200, lease: lease(0) }],
  ['given back by a later attempt', lease(0, 'run-1', 3), lease(now + 50), { lease: lease(now + 50, 'run-1', 3) }],
  ['the same, and it has lapsed', lease(0, 'run-1', 3), lease(now - 1), { lease: lease(now - 1, 'run-1', 3) }],
  [
    'an earlier attempt’s, after a later one’s',
    lease(now + 9, 'run-1', 1),
    lease(0),
    { status: 410, lease: lease(now) },
  ],
  ['the same, given back', lease(0, 'run-1', 1), lease(0), { status: 410 }],
  ['nobody’s, after one', lease(0, 'nobody', 0), lease(0), { status: 200, lease: lease(0) }],
  ['another’s, given back after one', lease(0, 'run-2', 3), lease(0), { status: 200, lease: lease(0, 'run-2', 3) }],
  [
    'another’s, after it was given back',
    lease(now + 10_000),
    lease(0, 'run-2', 3),
    { status: 200, lease: { attempt: 2 } },
  ],
  ['another’s is not given back', lease(0), lease(now - 1, 'run-2'), { status: 200, lease: lease(now - 1, 'run-2') }],
  ['over already', lease(now), undefined, { status: 400 }],
  ['too long', lease(now + 60_001), undefined, { status: 400 }],
])('a lease that is sent: %s', (_name, sent, current, answer) => {
  expect(answerTo(sign(sent, password), current, password, now)).toMatchObject(answer);
});

test('a lease is signed over all that it says, and carries no password', () => {
  const sent = sign(lease(now + 10_000), password);
  expect(JSON.stringify(sent)).not.toContain(password);
  expect(isSigned(sent, password)).toBe(true);
  for (const change of [{ holder: 'x' }, { attempt: 1 }, { since: 1 }, { expiresAt: now + 9 }, { signature: 'x' }]) {
    expect(isSigned({ ...sent, ...change }, password)).toBe(false);
  }
  expect(answerTo(sign(lease(now + 10_000), 'another'), undefined, password, now)).toMatchObject({ status: 403 });
});

test.each([
  '',
  'none',
  '{}',
  '{"holder":1,"attempt":0,"since":0,"expiresAt":0}',
  '{"holder":"run-1","since":0,"expiresAt":0}',
  '[1]',
  'null',
])('no lease: %j', (text) => {
  expect(leaseIn(text)).toBeUndefined();
});

test('the book outlives its process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lease-'));
  try {
    const sent = { holder: 'run-1', attempt: 1, since: Date.now(), expiresAt: Date.now() + 5000 };
    expect(new LeaseBook(folder, password).take(JSON.stringify(sign(sent, password)))).toMatchObject({ status: 200 });
    const later = new LeaseBook(folder, password);
    expect(later.lease).toEqual(sent);
    later.forget();
    expect(later.lease).toBeUndefined();
    const earlier = JSON.stringify(sign({ ...sent, attempt: 0 }, password));
    expect(new LeaseBook(folder, password).take(earlier)).toMatchObject({ status: 410 });
    // The guard is to look whether it has paused all the same.
    expect(later.lease).toMatchObject({ attempt: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
