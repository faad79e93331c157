/** After a 429 reads wait for the time that it names; a change is told so at once, and is not sent. */
import { createHttpHeaders, createPipelineRequest, type PipelineResponse, RestError } from '@azure/core-rest-pipeline';
import { azureProblem } from '../../../../activities/azure/failures';
import { retryAfterGate } from '../../../../activities/azure/retry-after-gate';

test('a change is not sent before the time, and whoever sends it is told until when', async () => {
  let now = 0;
  const gate = retryAfterGate(() => now);
  const sent: string[] = [];
  const ask = (method: 'GET' | 'PATCH', status: number) =>
    gate.sendRequest(createPipelineRequest({ url: 'http://azure', method }), (request) => {
      sent.push(method);
      return Promise.resolve({ request, status, headers: createHttpHeaders({ 'retry-after': '60' }) });
    });
  await ask('GET', 429);
  now = 1000;
  const early: PipelineResponse = await ask('PATCH', 200);
  const { status: statusCode, request } = early;
  expect(azureProblem(new RestError('', { statusCode, request, response: early }))).toMatchObject({
    type: 'AzureThrottled',
    retryAfterSeconds: 59,
  });
  expect(sent).toEqual(['GET']);
  now = 60_000;
  expect((await ask('PATCH', 200)).status).toBe(200);
  expect(sent).toEqual(['GET', 'PATCH']);
});
