/**
 * No request before the time that a 429 or 503 named in Retry-After: not only the one that was refused, every request of
 * this process, because Azure counts per subscription.
 *
 * One gate is shared by all clients and stands below their retry policies, so that each attempt passes it.
 *
 * Reads wait in it. A change does not: whoever sends it may have paused clients for it. It is told what Azure would say, lets them go on,
 * and decides anew when the time has come (long-operation.ts).
 */
import {
  createHttpHeaders,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterOf } from './failures';

export function retryAfterGate(now: () => number = Date.now): PipelinePolicy {
  let openAt = 0;
  return {
    name: 'retryAfterGate',
    async sendRequest(request, next) {
      for (let wait = openAt - now(); wait > 0; wait = openAt - now()) {
        if (request.method !== 'GET') return tooEarly(request, wait);
        // The signal is the standard one: the activity's, or none.
        await sleep(wait, undefined, { signal: request.abortSignal as AbortSignal | undefined });
      }
      const response = await next(request);
      if (response.status === 429 || response.status === 503) {
        const { retryAfterSeconds } = retryAfterOf(response.headers.get('retry-after'), now());
        if (retryAfterSeconds) openAt = Math.max(openAt, now() + retryAfterSeconds * 1000);
      }
      return response;
    },
  };
}

function tooEarly(request: PipelineRequest, waitMs: number): PipelineResponse {
  const error = { code: 'TooManyRequests', message: 'not sent: the time that Azure has named is not over' };
  const headers = createHttpHeaders({ 'retry-after': String(Math.ceil(waitMs / 1000)) });
  return { request, status: 429, headers, bodyAsText: JSON.stringify({ error }) };
}
