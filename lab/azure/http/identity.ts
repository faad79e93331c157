/** Who is asking. Pure. */

/** Callers whose token says nothing about them. */
const unnamed = 'operator@lab.example';

/** `Bearer x` → `x`; undefined for any other scheme. */
export function bearerToken(header: string): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(header)?.[1];
}

/** The name in a JSON web token, where it is one. The signature was checked by whoever said that the token is valid. */
export function callerOf(token: string): string {
  const payload = token.split('.')[1];
  if (!payload) return unnamed;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const name = claims['upn'] ?? claims['preferred_username'] ?? claims['appid'] ?? claims['oid'] ?? claims['sub'];
    return typeof name === 'string' ? name : unnamed;
  } catch {
    return unnamed;
  }
}
