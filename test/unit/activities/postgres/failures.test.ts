/** What PostgreSQL and its client answer → failure type. */
import { postgresProblem } from '../../../../activities/postgres/failures';

const withCode = (code: string, message = 'm') => Object.assign(new Error(message), { code });

const rows: [string, Error, string | undefined][] = [
  ['connection refused', withCode('ECONNREFUSED'), 'DatabaseUnreachable'],
  ['every address of a name refused', new AggregateError([withCode('ECONNREFUSED')], ''), 'DatabaseUnreachable'],
  ['unknown name', withCode('ENOTFOUND'), 'DatabaseUnreachable'],
  ['wrong authority', withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'CertificateRejected'],
  ['wrong name in the certificate', withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'CertificateRejected'],
  ['wrong password', withCode('28P01'), 'DatabaseLoginRejected'],
  ['role without login', withCode('28000'), 'DatabaseLoginRejected'],
  ['no such database', withCode('3D000'), 'DatabaseLoginRejected'],
  ['no right', withCode('42501'), 'DatabaseRightMissing'],
  ['starting up', withCode('57P03'), 'DatabaseUnreachable'],
  ['shutting down', withCode('57P01'), 'DatabaseUnreachable'],
  ['crashed', withCode('57P02'), 'DatabaseUnreachable'],
  ['too many connections', withCode('53300'), 'DatabaseUnreachable'],
  ['statement time-out', withCode('57014'), 'DatabaseTimedOut'],
  ['conflict with recovery', withCode('40001'), 'DatabaseTimedOut'],
  ['a syntax error', withCode('42601'), 'DatabaseQueryFailed'],
  ['no connection in time', new Error('timeout expired'), 'DatabaseUnreachable'],
  ['no answer in time', new Error('Query read timeout'), 'DatabaseTimedOut'],
  ['a connection that broke', new Error('Connection terminated unexpectedly'), 'DatabaseUnreachable'],
  [
    'one that broke before it was used again',
    new Error('Client has encountered a connection error and is not queryable'),
    'DatabaseUnreachable',
  ],
  ['a defect of ours', new TypeError('x is undefined'), undefined],
];

test.each(rows)('%s', (_what, error, type) => {
  expect(postgresProblem(error)?.type).toBe(type);
});
