/** What a PgBouncer can, by what it says itself. */
import { keepsPreparedStatements, versionIn } from '../../../../activities/pgbouncer/version';

test.each([
  ['PgBouncer 1.18.0', { major: 1, minor: 18 }],
  ['PgBouncer 1.23.1', { major: 1, minor: 23 }],
  ['PgBouncer version 1.18.0', undefined],
  ['v1.23.1-p3', undefined],
  [null, undefined],
  [undefined, undefined],
])('%p', (text, version) => expect(versionIn(text)).toEqual(version));

test.each([
  ['1.18, which does not know the setting', 1, 18, 0, false],
  ['1.20', 1, 20, 100, false],
  ['1.21 with it switched off, its default', 1, 21, 0, false],
  ['1.21', 1, 21, 100, true],
  ['1.24', 1, 24, 200, true],
  ['2.0', 2, 0, 200, true],
])('named statements of clients: %s', (_what, major, minor, statements, kept) => {
  expect(keepsPreparedStatements({ major, minor }, statements)).toBe(kept);
});
