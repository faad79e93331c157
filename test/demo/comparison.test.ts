/**
 * Goal: a comparison shows every way with what its clients noticed, and complains of what a way has promised and not kept.
 * Method: rows with one thing wrong at a time.
 */
import type { Noticed } from '../../lab/compare/noticed';
import { broken, comparisonTable, type Row } from '../../lab/compare/table';

const sound: Noticed = {
  ...{ seconds: 12.34, http: { requests: 1234, failed: 0, longestStallSeconds: 0.25 } },
  sql: { requests: 4321, failed: 0, longestStallSeconds: 0.5, lost: 0, duplicated: 0 },
};
const failing = { ...sound, http: { ...sound.http, failed: 2 } };
const refusing = { ...sound, sql: { ...sound.sql, failed: 3 } };
const losing = { ...sound, sql: { ...sound.sql, lost: 1 } };
const doubling = { ...sound, sql: { ...sound.sql, duplicated: 1 } };
const row = (noticed: Noticed, promises?: Row['way']['promises']): Row => ({
  way: { what: 'a larger primary', how: 'some way', needs: 'some right', ...(promises && { promises }) },
  noticed,
});

test.each<[string, Row, string[]]>([
  ['nothing fails, and nothing did', row(sound, 'nothing fails'), []],
  [
    'nothing fails, and HTTP did',
    row(failing, 'nothing fails'),
    ['some way: 2 requests over HTTP and 0 over SQL failed'],
  ],
  [
    'nothing fails, and SQL did',
    row(refusing, 'nothing fails'),
    ['some way: 0 requests over HTTP and 3 over SQL failed'],
  ],
  ['nothing fails, and a row is lost', row(losing, 'nothing fails'), ['some way: 1 rows lost, 0 there twice']],
  ['nothing lost, and requests failed', row(failing, 'nothing lost'), []],
  ['nothing lost, and a row is there twice', row(doubling, 'nothing lost'), ['some way: 0 rows lost, 1 there twice']],
  ['nothing promised', row({ ...failing, ...losing }), []],
])('%s', (_what, given, complaints) => {
  expect(broken([given])).toEqual(complaints);
});

test('every way has a line under what it is for, and says what it needs', () => {
  const other = { ...row(losing), way: { what: 'the API to PgBouncer', how: 'by hand', needs: 'everything' } };
  const lines = comparisonTable([row(sound), other])
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim());
  const at = (text: string) => lines.findIndex((line) => line.startsWith(text));
  expect(lines[at('some way')]).toBe('some way 1,234 0 0.3 s 4,321 0 0.5 s 0 0 12.3 s');
  expect(lines[at('by hand')]).toBe('by hand 1,234 0 0.3 s 4,321 0 0.5 s 1 0 12.3 s');
  expect([at('a larger primary'), at('some way'), at('the API to PgBouncer'), at('by hand')]).toEqual(
    [at('a larger primary'), at('some way'), at('the API to PgBouncer'), at('by hand')].toSorted((a, b) => a - b),
  );
  expect(lines).toContain('by hand: everything');
});
