/** The cluster's password: made once, and kept in the Secret alone. */
import { randomBytes } from 'node:crypto';
import type { KnownObject } from '../kubernetes/kubernetes';
import { loginKey, passwordKey } from './manifests';

/** Nodes log in to each other with it, too. */
export function newSecret(): Record<string, string> {
  const password = randomBytes(24).toString('base64url');
  return { [passwordKey]: encoded(password), [loginKey]: encoded(loginOf(password)) };
}

/** What is wrong with the one that is there. */
export function secretDifferences({ content }: Pick<KnownObject, 'content'>): string[] {
  const [password, login] = [passwordKey, loginKey].map((key) => textOf(content[key]));
  if (!password) return [`${passwordKey}: nothing instead of a password`];
  return login === loginOf(password) ? [] : [`${loginKey}: not the login with the password of ${passwordKey}`];
}

function loginOf(password: string): string {
  return `requirepass ${password}\nmasterauth ${password}\n`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
