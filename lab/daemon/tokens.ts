/** Access tokens: signed JSON web tokens (RFC 7519, HS256), so that a daemon that is started again still knows its own. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { tenant } from '../azure/names';

const validSeconds = 24 * 60 * 60;
/** The word that a shell may use instead of a token. */
const wellKnown = 'lab';

export class Tokens {
  constructor(private readonly secret: string) {}

  issue(resource: string, now = Date.now()): { token: string; expiresOn: number } {
    const expiresOn = Math.floor(now / 1000) + validSeconds;
    const claims = { aud: resource, exp: expiresOn, tid: tenant, appid: 'lab-managed-identity' };
    const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return { token: `${signed}.${this.sign(signed)}`, expiresOn };
  }

  isValid(token: string, now = Date.now()): boolean {
    if (token === wellKnown) return true;
    const [header, claims, signature] = token.split('.');
    if (!header || !claims || !signature) return false;
    const [given, expected] = [Buffer.from(signature), Buffer.from(this.sign(`${header}.${claims}`))];
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number }).exp * 1000 > now;
  }

  private sign(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('base64url');
  }
}
