/** How an object is compared with what it is to be. */
import { digestOf, project } from '../../../../activities/kubernetes/digest';

test.each<[string, unknown, unknown, unknown]>([
  ['what Kubernetes adds is no difference', { a: 1, clusterIP: '10.0.0.1' }, { a: 1 }, { a: 1 }],
  ['another value stays', { a: 2, b: 1 }, { a: 1 }, { a: 2 }],
  ['what is missing is missing', { b: 1 }, { a: 1 }, {}],
  ['lists, entry by entry', [{ name: 'x', more: 1 }], [{ name: 'x' }], [{ name: 'x' }]],
  [
    'an entry too many counts whole',
    [{ name: 'x' }, { name: 'y', more: 1 }],
    [{ name: 'x' }],
    [{ name: 'x' }, { name: 'y', more: 1 }],
  ],
  ['an entry too few', [], [{ name: 'x' }], []],
  ['something else than an object', 'text', { a: 1 }, 'text'],
  ['false and 0 are values', { a: false, b: 0 }, { a: true, b: 1 }, { a: false, b: 0 }],
])('%s', (_what, found, wanted, projected) => expect(project(found, wanted)).toEqual(projected));

test('the digest does not depend on the order of keys', () => {
  expect(digestOf({ a: 1, b: [2, { c: 3, d: 4 }] })).toBe(digestOf({ b: [2, { d: 4, c: 3 }], a: 1 }));
  expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
  expect(digestOf('')).toMatch(/^[0-9a-f]{8}$/);
});
