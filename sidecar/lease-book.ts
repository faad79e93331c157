/** The lease of this pod's pause: what is done with one that is sent, and the file that outlives this process. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isSigned,
  type Lease,
  leaseIn,
  leaseMsMax,
  type SignedLease,
  supersededStatus,
} from '../activities/pgbouncer/lease';

export type Answer = { status: 200; lease: Lease | undefined } | { status: 400 | 403 | 409 | 410; reason: string };

/** What becomes of the lease in the book. Pure. */
export function answerTo(sent: SignedLease, current: Lease | undefined, password: string, now: number): Answer {
  if (!isSigned(sent, password)) return { status: 403, reason: 'not signed by who knows this pooler' };
  const { holder, attempt, since, expiresAt } = sent;
  if (current?.holder === holder && current.attempt > attempt) {
    return { status: supersededStatus, reason: `a later attempt of ${holder} has it` };
  }
  if (current && current.holder !== holder && current.expiresAt > now) {
    return { status: 409, reason: `${current.holder} holds it for ${current.expiresAt - now} ms more` };
  }
  if (expiresAt === 0) return { status: 200, lease: current?.holder === holder ? undefined : current };
  const ms = expiresAt - now;
  if (ms <= 0 || ms > leaseMsMax) {
    return { status: 400, reason: `it would last ${ms} ms, 1 to ${leaseMsMax} are allowed: do the clocks differ?` };
  }
  return { status: 200, lease: { holder, attempt, since, expiresAt } };
}

export class LeaseBook {
  private readonly file: string;

  constructor(
    folder: string,
    private readonly password: string,
  ) {
    this.file = join(folder, 'lease.json');
  }

  get lease(): Lease | undefined {
    try {
      return leaseIn(readFileSync(this.file, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** In the words of HTTP. */
  take(text: string): { status: number; text: string } {
    const lease = leaseIn(text);
    if (!lease) return { status: 400, text: 'no lease' };
    const { signature } = JSON.parse(text) as { signature?: unknown };
    const answer = answerTo({ ...lease, signature: String(signature) }, this.lease, this.password, Date.now());
    if (answer.status !== 200) return { status: answer.status, text: answer.reason };
    if (answer.lease) this.write(answer.lease);
    else this.forget();
    return { status: 200, text: 'taken' };
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }

  /** In place by a rename: whoever reads it, after a crash too, reads the old one or the new one. */
  private write(lease: Lease): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(lease));
    renameSync(`${this.file}.new`, this.file);
  }
}
