/** Where a transaction came out behind the pooler. */
import { wrongBehind } from '../../../../activities/poolers/passage';

const primary = { name: 'main', systemIdentifier: '7', postmasterStartedAt: '1.5' };
const passage = { tls: 'TLSv1.3', inRecovery: false, systemIdentifier: '7', postmasterStartedAt: '1.5' };

test.each([
  ['on that very primary', passage, []],
  [
    'without TLS',
    { inRecovery: false, systemIdentifier: '7', postmasterStartedAt: '1.5' },
    ['its session on the server is not encrypted'],
  ],
  ['on a replica of it', { ...passage, inRecovery: true }, ['it leads to a server in recovery']],
  ['at a copy of it', { ...passage, postmasterStartedAt: '2.5' }, ['it leads to another server than main']],
  ['elsewhere', { ...passage, systemIdentifier: '8' }, ['it leads to another server than main']],
])('%s', (_where, found, wrong) => expect(wrongBehind(found, primary)).toEqual(wrong));
