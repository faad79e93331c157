/** What Azure answers → failure type, with replies as they were recorded. */
import { createHttpHeaders, createPipelineRequest, RestError } from '@azure/core-rest-pipeline';
import { armErrorOf, azureProblem, bodyOf, retryAfterOf } from '../../../../activities/azure/failures';
import { failure } from '../../../../activities/failures';

const request = createPipelineRequest({
  url: 'https://management.azure.com/subscriptions/s/servers/x?t=signature',
  method: 'PATCH',
});

function reply(status: number, body: string, headers: Record<string, string> = {}): RestError {
  const response = { status, bodyAsText: body, headers: createHttpHeaders(headers), request };
  return new RestError('a reply', { statusCode: status, request, response });
}

const json = (code: string, message = 'why') => JSON.stringify({ error: { code, message } });

const replies: [string, RestError, string][] = [
  ['404 of the gateway', reply(404, json('ResourceNotFound')), 'ServerNotFound'],
  ['404 of a group', reply(404, json('ResourceGroupNotFound')), 'ServerNotFound'],
  ['409 without a code', reply(409, json('')), 'ServerBusy'],
  ['409 of a busy server', reply(409, json('ServerIsBusy')), 'ServerBusy'],
  ['409 of a resource lock', reply(409, json('ScopeLocked')), 'ResourceLocked'],
  ['403', reply(403, json('AuthorizationFailed')), 'NotAuthorized'],
  ['401', reply(401, json('InvalidAuthenticationToken')), 'NotAuthorized'],
  ['429', reply(429, json('SubscriptionRequestsThrottled'), { 'retry-after': '6' }), 'AzureThrottled'],
  ['503 with a page of HTML', reply(503, '<HTML><BODY>Service Unavailable</BODY></HTML>'), 'AzureUnavailable'],
  ['500', reply(500, json('InternalServerError')), 'AzureUnavailable'],
  ['504', reply(504, json('GatewayTimeout')), 'AzureUnavailable'],
  ['400', reply(400, json('InvalidRequestContent')), 'AzureRefused'],
  ['400 with an empty code', reply(400, json('')), 'AzureRefused'],
  ['an empty body', reply(400, ''), 'AzureRefused'],
  ['a bare error without "error" (AKS)', reply(404, '{"code":"ResourceNotFound","message":"x"}'), 'ServerNotFound'],
];

test.each(replies)('%s', (_what, error, type) => {
  expect(azureProblem(error)?.type).toBe(type);
});

const connections: [string, Error, string][] = [
  [
    'a refused connection',
    new RestError('connect ECONNREFUSED', { code: 'ECONNREFUSED', request }),
    'AzureUnavailable',
  ],
  [
    'a refused connection, code on the cause',
    Object.assign(new RestError('failed', { request }), { cause: { code: 'ENOTFOUND' } }),
    'AzureUnavailable',
  ],
  [
    'a certificate nobody knows',
    new RestError('no', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', request }),
    'CertificateRejected',
  ],
  ['a dropped connection', new RestError('socket hang up', { code: 'ECONNRESET', request }), 'AzureUnavailable'],
  ['a time-out', Object.assign(new Error('aborted'), { name: 'AbortError' }), 'AzureUnavailable'],
  ['no credential', Object.assign(new Error('none'), { name: 'CredentialUnavailableError' }), 'CredentialUnavailable'],
];

test.each(connections)('%s', (_what, error, type) => {
  expect(azureProblem(error)?.type).toBe(type);
});

test("an error that is not Azure's is not mapped", () => {
  expect(azureProblem(new TypeError('x is undefined'))).toBeUndefined();
});

test('a throttled request is retried when Azure says, and no address or signature is told', () => {
  const problem = azureProblem(
    reply(429, json('TooManyRequests', 'Please try again after 6 seconds.'), { 'retry-after': '6' }),
  )!;
  const failed = failure(problem);
  expect(failed.nextRetryDelay).toBe(6000);
  expect(failed.nonRetryable).toBe(false);
  expect(failed.message).toContain('PATCH /subscriptions/s/servers/x was answered 429 TooManyRequests');
  expect(failed.message).not.toContain('signature');
});

test('a message is one line of at most a thousand characters', () => {
  const { message } = armErrorOf(reply(400, json('Bad', `a\r\nb${'x'.repeat(5000)}`)))!;
  expect(message).toMatch(/^a b/);
  expect(failure('AzureRefused', message).message.length).toBeLessThan(1200);
});

test.each([
  ['60', 60],
  ['0', 0],
  ['Wed, 21 Oct 2026 07:28:10 GMT', 10],
  ['nonsense', undefined],
  [undefined, undefined],
])('Retry-After %s', (header, seconds) => {
  expect(retryAfterOf(header, Date.parse('2026-10-21T07:28:00Z')).retryAfterSeconds).toBe(seconds);
});

test('HTML is reduced to its text', () => {
  expect(bodyOf('<HTML><TITLE>Service Unavailable</TITLE></HTML>')).toEqual({
    code: '',
    message: 'Service Unavailable',
  });
});
