/** What servers say of their functions, and in which two of them differ. Method: tables. */
import { differingIn, librariesOf } from '../../../../activities/redis/cluster/functions';

const fields = { library_name: 'greetings', engine: 'LUA', functions: [], library_code: '#!lua name=greetings\nx' };

test.each<[string, unknown]>([
  ['a list of names and values', [Object.entries(fields).flat()]],
  ['a map', [new Map<string, unknown>(Object.entries(fields))]],
])('FUNCTION LIST WITHCODE: %s', (_name, answer) => {
  expect([...librariesOf(answer)]).toEqual([['greetings', '#!lua name=greetings\nx']]);
});

test.each<[string, Record<string, string>, Record<string, string>, string | undefined]>([
  ['none', {}, {}, undefined],
  ['the same', { a: '1', b: '2' }, { b: '2', a: '1' }, undefined],
  ['one is missing', { a: '1', b: '2' }, { a: '1' }, 'b'],
  ['one has other code', { a: '1' }, { a: '2' }, 'a'],
  ['the other has more', { a: '1' }, { a: '1', b: '2' }, 'b'],
])('differing: %s', (_name, libraries, other, expected) => {
  const of = (entries: Record<string, string>) => new Map(Object.entries(entries));
  expect(differingIn(of(libraries), of(other))).toBe(expected);
});
