/** The cluster's Secret: each has a password of its own, and what Redis includes is the login with it. */
import { newSecret, secretDifferences } from '../../../../activities/redis-clusters/secret';

const encoded = (text: string) => Buffer.from(text).toString('base64');

test('a new one is as wanted, and another each time', () => {
  expect(secretDifferences({ content: newSecret() })).toEqual([]);
  expect(newSecret()).not.toEqual(newSecret());
});

test.each([
  ['without a password', { 'login.conf': encoded('requirepass a\n') }, ['password: nothing instead of a password']],
  [
    'with the login of another password',
    { password: encoded('a'), 'login.conf': encoded('requirepass b\nmasterauth b\n') },
    ['login.conf: not the login with the password of password'],
  ],
])('%s', (_name, content, expected) => expect(secretDifferences({ content })).toEqual(expected));
