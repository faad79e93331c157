/**
 * Options of every request: a time limit; for writes also the run's name in the User-Agent, for the API server's audit log,
 * and the kind of patch.
 */
import { Observable, PatchStrategy, type RequestContext, setHeaderOptions } from '@kubernetes/client-node';
import { version } from '../../package.json';
import type { RequestIdentity } from '../request-identity';

/** Under which the API server keeps what we have set. */
export const fieldManager = 'durable-runbooks';

const requestMs = 10_000;

/** `more` is put behind the address, for what the client has no method for. */
export function reading({ more = '' } = {}) {
  return limited(more);
}

export function writing(identity: RequestIdentity, patch: string = PatchStrategy.MergePatch) {
  return setHeaderOptions('Content-Type', patch, setHeaderOptions('User-Agent', agentOf(identity), limited()));
}

/** A write that is no patch. */
export function signed(identity: RequestIdentity) {
  return setHeaderOptions('User-Agent', agentOf(identity), limited());
}

function agentOf({ correlationId, clientRequestId }: RequestIdentity): string {
  return `durable-runbooks/${version} (run ${correlationId}; activity ${clientRequestId})`;
}

function limited(more = '') {
  return {
    middleware: [
      {
        pre(context: RequestContext) {
          context.setSignal(AbortSignal.timeout(requestMs));
          if (more !== '') context.setUrl(context.getUrl() + more);
          return new Observable<RequestContext>(Promise.resolve(context));
        },
        post: <T>(context: T) => new Observable<T>(Promise.resolve(context)),
      },
    ],
    middlewareMergeStrategy: 'append' as const,
  };
}
