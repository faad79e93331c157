/**
 * Goal: a comparison shows every way with what its clients noticed and what a switchover takes beside the promotion, and complains of
 * what a way has promised and not kept.
 * Method: rows with one thing wrong at a time.
 */
import type { Noticed, Seen, SeenOverSql } from '../../lab/compare/noticed';
import { broken, comparisonTable, type Row } from '../../lab/compare/table';

const seen: Seen = { requests: 1234, failed: 0, longestStallSeconds: 0.25, lost: 0, duplicated: 0 };
const sound: Noticed = {
  ...{ seconds: 12.34, http: seen },
  sql: { ...seen, requests: 4321, longestStallSeconds: 0.5, lostUnflushed: 0 },
};
const over = (kind: 'http' | 'sql', other: Partial<SeenOverSql>): Noticed => ({
  ...sound,
  [kind]: { ...sound[kind], ...other },
});
const row = (noticed: Noticed, promises?: Row['way']['promises']): Row => ({
  way: { what: 'a larger primary', how: 'some way', needs: 'some right', ...(promises && { promises }) },
  times: [noticed],
});

test.each<[string, Row, string[]]>([
  ['nothing fails, and nothing did', row(sound, 'nothing fails'), []],
  [
    'nothing fails, and HTTP did',
    row(over('http', { failed: 2 }), 'nothing fails'),
    ['some way: 2 requests over HTTP and 0 over SQL failed'],
  ],
  [
    'nothing fails, and SQL did',
    row(over('sql', { failed: 3 }), 'nothing fails'),
    ['some way: 0 requests over HTTP and 3 over SQL failed'],
  ],
  [
    'nothing fails, and a row is lost',
    row(over('sql', { lost: 1 }), 'nothing fails'),
    ['some way: 1 rows lost, 0 there twice'],
  ],
  [
    'nothing fails, and an order is lost',
    row(over('http', { lost: 1 }), 'nothing fails'),
    ['some way: 1 rows lost, 0 there twice'],
  ],
  ['nothing lost, and requests failed', row(over('http', { failed: 2 }), 'nothing lost'), []],
  [
    'nothing lost, and a row is there twice',
    row(over('sql', { duplicated: 1 }), 'nothing lost'),
    ['some way: 0 rows lost, 1 there twice'],
  ],
  [
    'nothing lost, and a row is that was not on the disk',
    row(over('sql', { lostUnflushed: 3 }), 'nothing lost'),
    ['some way: 0 rows lost, 3 unflushed ones lost, 0 there twice'],
  ],
  ['nothing promised', row(over('http', { failed: 2, lost: 1 })), []],
  [
    'nothing lost, and the second time a row is',
    { ...row(sound, 'nothing lost'), times: [sound, over('sql', { lost: 2 })] },
    ['some way: 2 rows lost, 0 there twice'],
  ],
])('%s', (_what, given, complaints) => {
  expect(broken([given])).toEqual(complaints);
});

/** Its clients waited so long each time, and a tenth of a second of it was the promotion. */
const crossed = (by: 'runbook' | 'script', stalls: number[], operationSeconds = 0): Row => ({
  way: { what: 'a larger primary', how: `by ${by}`, needs: 'all', crossing: { by, operationSeconds } },
  times: stalls.map((stall) => ({
    ...over('sql', { longestStallSeconds: stall }),
    promotion: { untilPrimary: 0.1, operation: 0.2 },
  })),
});

test.each<[string, Row[], string[]]>([
  ['as long as the script', [crossed('runbook', [0.3]), crossed('script', [0.3])], []],
  ['three times the script', [crossed('runbook', [0.7]), crossed('script', [0.3])], []],
  [
    'longer than that',
    [crossed('runbook', [0.71]), crossed('script', [0.3])],
    [
      "by runbook: 0.610 s beside the promotion, 3.1 times the bare script's 0.200 s, and 0.610 s at worst; at most 3 times, and always less than 1 s: NOT kept",
    ],
  ],
  [
    'a second, and the script was as slow',
    [crossed('runbook', [1.1]), crossed('script', [1.1])],
    [
      "by runbook: 1.000 s beside the promotion, 1.0 times the bare script's 1.000 s, and 1.000 s at worst; at most 3 times, and always less than 1 s: NOT kept",
    ],
  ],
  ['the median counts', [crossed('runbook', [1.0, 0.3, 0.31]), crossed('script', [0.3, 0.3, 0.3])], []],
  [
    'but one may not take a second',
    [crossed('runbook', [1.2, 0.3, 0.31]), crossed('script', [0.3, 0.3, 0.3])],
    [expect.stringMatching(/^by runbook: 0\.210 s .* 1\.100 s at worst; .* NOT kept$/) as string],
  ],
  [
    'each with its own promotion',
    [crossed('runbook', [0.3]), crossed('script', [0.3]), crossed('runbook', [0.9], 30), crossed('script', [0.3], 30)],
    [expect.stringMatching(/^by runbook: 0\.800 s .* 4\.0 times .* NOT kept$/) as string],
  ],
  ['no script was run', [crossed('runbook', [5])], []],
])('a switchover: %s', (_what, given, complaints) => {
  expect(broken(given)).toEqual(complaints);
});

test('every way has a line under what it is for, and says what it needs', () => {
  const other = {
    ...row(over('sql', { lost: 1, lostUnflushed: 2 })),
    way: { what: 'the API to PgBouncer', how: 'by hand', needs: 'everything' },
  };
  const missing: Row = {
    way: { what: 'a larger primary', how: 'by az', needs: 'az', notRun: 'not run: --with-az' },
    times: [],
  };
  const lines = comparisonTable([row(sound), missing, other, crossed('runbook', [0.3, 0.4]), crossed('script', [0.2])])
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim());
  const at = (text: string) => lines.findIndex((line) => line.startsWith(text));
  expect(lines[at('some way')]).toBe('some way 1,234 0 0.25 s 0 0 4,321 0 0.50 s 0 0 0 12.3 s');
  expect(lines[at('by az')]).toBe('by az not run: --with-az');
  expect(lines[at('by hand')]).toBe('by hand 1,234 0 0.25 s 0 0 4,321 0 0.50 s 1 0 2 12.3 s');
  expect(lines[at('by runbook (2 times)')]).toBe('by runbook (2 times) 2,468 0 0.25 s 0 0 8,642 0 0.40 s 0 0 0 12.3 s');
  expect(lines).toContain('by runbook 0.300 0.400 0.100 0.100 0.200 0.300 0.300 s');
  expect(lines[at('by runbook: ')]).toMatch(
    /^by runbook: 0\.300 s .* 2\.0 times .* 0\.150 s, and 0\.300 s at worst; .*: kept$/,
  );
  expect([at('a larger primary'), at('some way'), at('the API to PgBouncer'), at('by hand')]).toEqual(
    [at('a larger primary'), at('some way'), at('the API to PgBouncer'), at('by hand')].toSorted((a, b) => a - b),
  );
  expect(lines).toContain('by hand: everything');
});
