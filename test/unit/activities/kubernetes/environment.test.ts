/** Which variables a container has by itself as soon as a key is in a Secret. */
import type { V1Container } from '@kubernetes/client-node';
import { comesByItself, environmentOf } from '../../../../activities/kubernetes/environment';

const container: V1Container = {
  name: 'api',
  env: [
    { name: 'PORT', value: '3000' },
    { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'secrets', key: 'URL' } } },
  ],
  envFrom: [
    { configMapRef: { name: 'settings' } },
    { secretRef: { name: 'secrets' } },
    { secretRef: { name: 'others' }, prefix: 'OTHER_' },
  ],
};

test('variables with a value, those from elsewhere, and Secrets that are taken over whole', () => {
  expect(environmentOf(container)).toEqual({
    environment: { PORT: '3000' },
    environmentFrom: ['DATABASE_URL', '*'],
    wholeSecrets: [
      { secret: 'secrets', prefix: '' },
      { secret: 'others', prefix: 'OTHER_' },
    ],
    secretReferences: { DATABASE_URL: 'secrets/URL' },
  });
  const nothing = { environment: {}, environmentFrom: [], wholeSecrets: [], secretReferences: {} };
  expect(environmentOf({ name: 'api' })).toEqual(nothing);
});

test.each([
  ['a key of the variable’s name', { variable: 'READ_URL', secret: 'secrets', key: 'READ_URL' }, true],
  ['a key of another name', { variable: 'READ_URL', secret: 'secrets', key: 'READ_URL_OF_API' }, false],
  ['a key of a Secret that is not taken over', { variable: 'READ_URL', secret: 'mine', key: 'READ_URL' }, false],
  ['a key of that name, which gets a prefix', { variable: 'READ_URL', secret: 'others', key: 'READ_URL' }, false],
  ['a key that the prefix makes the variable', { variable: 'OTHER_URL', secret: 'others', key: 'URL' }, true],
])('%s', (_what, reader, itself) => {
  expect(comesByItself(environmentOf(container).wholeSecrets, reader)).toBe(itself);
});
