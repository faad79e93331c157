/** Reading a request's body. */
import type { ZodType } from 'zod';
import { gatewayErrors } from '../errors';

/** Throws InvalidRequestContent with the first thing that is wrong. Null counts as absent: clients send both. */
export function parseBody<T>(schema: ZodType<T>, body: unknown): T {
  if (body === undefined || body === null) throw gatewayErrors.emptyBody();
  const result = schema.safeParse(withoutNulls(body));
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw gatewayErrors.malformedBody(`${issue.message}. Path '${issue.path.join('.')}'.`);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
