/** What is known of a request before anybody handles it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LoggedRequest } from '../request-log';

export interface RequestFacts {
  /** Query parameters by lower-case name: Azure does not care about their case. */
  query: Record<string, string>;
  apiVersion: string;
  requestId: string;
  correlationId: string;
  caller: string;
  logged: LoggedRequest;
  /** Set when Resource Manager itself gives the answer. */
  byGateway: boolean;
}

const facts = new WeakMap<FastifyRequest, RequestFacts>();

export function setFacts(request: FastifyRequest, value: RequestFacts): void {
  facts.set(request, value);
}

export function factsOf(request: FastifyRequest): RequestFacts {
  const value = facts.get(request);
  if (!value) throw new Error('a request was handled before it was received');
  return value;
}

export function hasFacts(request: FastifyRequest): boolean {
  return facts.has(request);
}

export type Params = Record<
  'subscription' | 'group' | 'server' | 'cache' | 'child' | 'location' | 'id' | 'lock',
  string
>;

export function paramsOf(request: FastifyRequest): Params {
  return request.params as Params;
}

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
