/** What the API server answers, or does not → failure type; and who is named in a conflict. Replies as they were recorded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiException } from '@kubernetes/client-node';
import { managersIn } from '../../../../activities/kubernetes/autoscalers';
import { isAbsent, kubernetesProblem, problemOfReply } from '../../../../activities/kubernetes/failures';
import { failureTypes } from '../../../../catalogue';

const status = (code: number, reason: string, message = 'why') =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
const reply = (code: number, body: string, headers: Record<string, string> = {}) =>
  new ApiException(code, 'what the client adds', body, headers);

test.each<[string, ApiException<string>, string, boolean]>([
  ['no such object', reply(404, status(404, 'NotFound')), 'WorkloadNotFound', false],
  ['somebody wrote in between', reply(409, status(409, 'Conflict')), 'KubernetesConflict', true],
  ['it is not allowed', reply(403, status(403, 'Forbidden')), 'NotAuthorized', false],
  ['the token is not known', reply(401, status(401, 'Unauthorized')), 'NotAuthorized', false],
  ['the object is not valid', reply(422, status(422, 'Invalid')), 'KubernetesRefused', false],
  ['the request is not valid', reply(400, status(400, 'BadRequest')), 'KubernetesRefused', false],
  ['too many requests', reply(429, status(429, 'TooManyRequests')), 'KubernetesUnavailable', true],
  ['etcd is slow', reply(500, status(500, 'InternalError')), 'KubernetesUnavailable', true],
  ['a proxy in between', reply(503, '<html><h1>503 Service Unavailable</h1></html>'), 'KubernetesUnavailable', true],
  ['a time-out of the server', reply(504, status(504, 'Timeout')), 'KubernetesUnavailable', true],
  ['nothing in the body', reply(500, ''), 'KubernetesUnavailable', true],
  ['no body', reply(401, undefined as unknown as string), 'NotAuthorized', false],
])('%s', (_name, error, type, retryable) => {
  const problem = kubernetesProblem(error)!;
  expect(problem.type).toBe(type);
  expect(failureTypes[problem.type].retryable).toBe(retryable);
  expect(problem.message).toMatch(new RegExp(`^Kubernetes answered ${error.code}`));
  expect(problem.message).not.toMatch(/[<>\n]|undefined/);
});

test('it says when to come back', () => {
  expect(problemOfReply(429, status(429, 'TooManyRequests'), { 'retry-after': '3' }).retryAfterSeconds).toBe(3);
  expect(problemOfReply(429, status(429, 'TooManyRequests'), {})).not.toHaveProperty('retryAfterSeconds');
});

const withCause = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
const named = (name: string) => Object.assign(new Error('what the platform says'), { name });
test.each<[string, Error, string | undefined]>([
  ['nobody listens', withCause('ECONNREFUSED'), 'KubernetesUnavailable'],
  ['the connection breaks', withCause('ECONNRESET'), 'KubernetesUnavailable'],
  ['its name is not known', withCause('ENOTFOUND'), 'KubernetesUnavailable'],
  ['nobody we trust signed its certificate', withCause('SELF_SIGNED_CERT_IN_CHAIN'), 'CertificateRejected'],
  ['no answer in time', named('TimeoutError'), 'KubernetesUnavailable'],
  ['given up', named('AbortError'), 'KubernetesUnavailable'],
  ['a request that failed in no way we know', new TypeError('fetch failed'), 'KubernetesUnavailable'],
  ['an error that is not its own', new RangeError('out of range'), undefined],
])('%s', (_name, error, type) => {
  expect(kubernetesProblem(error)?.type).toBe(type);
});

test.each<[string, unknown, boolean]>([
  ['404', reply(404, ''), true],
  ['403', reply(403, ''), false],
  ['another error', new Error('404'), false],
])('absent: %s', (_name, error, absent) => {
  expect(isAbsent(error)).toBe(absent);
});

describe('who owns the fields that an apply would take', () => {
  const recorded = readFileSync(join(__dirname, 'recorded', 'conflict.json'), 'utf8');
  const conflict = (...causes: object[]) => JSON.stringify({ kind: 'Status', details: { causes } });
  const of = (manager: string, field: string) => ({
    ...{ reason: 'FieldManagerConflict', message: `conflict with "${manager}" using autoscaling/v2`, field },
  });

  test.each<[string, string, { manager: string; fields: string[] }[]]>([
    ['as recorded', recorded, [{ manager: 'lab-kubelet', fields: ['.spec.maxReplicas', '.spec.minReplicas'] }]],
    [
      'two of them',
      conflict(of('kubectl', '.spec.minReplicas'), of('helm', '.spec.maxReplicas'), of('kubectl', '.spec.metrics')),
      [
        { manager: 'kubectl', fields: ['.spec.minReplicas', '.spec.metrics'] },
        { manager: 'helm', fields: ['.spec.maxReplicas'] },
      ],
    ],
    [
      'one that has no name',
      conflict({ reason: 'FieldManagerConflict', message: 'conflict', field: '.spec.metrics' }),
      [{ manager: 'another manager', fields: ['.spec.metrics'] }],
    ],
    ['another cause', conflict({ reason: 'FieldValueInvalid', message: 'no', field: '.spec' }), []],
    ['a conflict of versions', status(409, 'Conflict'), []],
    ['no JSON', '<html>', []],
    ['nothing', '', []],
  ])('%s', (_name, body, managers) => {
    expect(managersIn(body)).toEqual(managers);
  });
});
