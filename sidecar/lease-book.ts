/** The lease of this pod's pause: what is done with one that is sent, and the file that outlives this process. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isSigned,
  type Lease,
  leaseIn,
  leaseMsMax,
  type SignedLease,
  supersededStatus,
} from '../activities/pgbouncer/lease';

/** `lease`: what stands in the book then, where that changes. */
export type Answer = { status: 200; lease: Lease } | { status: 400 | 403 | 409 | 410; reason: string; lease?: Lease };

/**
 * What becomes of the lease in the book. `current`: the last one, also where it was given back: an attempt that has not heard of a later one
 * begins no pause after that one's either. Pure.
 */
export function answerTo(sent: SignedLease, current: Lease | undefined, password: string, now: number): Answer {
  if (!isSigned(sent, password)) return { status: 403, reason: 'not signed by who knows this pooler' };
  const { holder, attempt, since, expiresAt } = sent;
  if (current?.holder === holder && current.attempt > attempt) {
    const reason = `a later attempt of ${holder} has it`;
    // Its pause may have come after the later one's end: the guard looks once more.
    const mayHavePaused = expiresAt > 0 && current.expiresAt === 0;
    return { status: supersededStatus, reason, ...(mayHavePaused ? { lease: { ...current, expiresAt: now } } : {}) };
  }
  if (current && current.holder !== holder && current.expiresAt > now) {
    return { status: 409, reason: `${current.holder} holds it for ${current.expiresAt - now} ms more` };
  }
  const taken = { holder, attempt, since, expiresAt };
  if (expiresAt === 0) return { status: 200, lease: givenBack(taken, current) };
  const ms = expiresAt - now;
  if (ms <= 0 || ms > leaseMsMax) {
    return { status: 400, reason: `it would last ${ms} ms, 1 to ${leaseMsMax} are allowed: do the clocks differ?` };
  }
  return { status: 200, lease: taken };
}

function givenBack(taken: Lease, current: Lease | undefined): Lease {
  if (!current?.expiresAt) return current && current.attempt > taken.attempt ? current : taken;
  if (current.holder !== taken.holder) return current;
  // An earlier attempt has it, and may just be pausing: such a pause is the guard's to end.
  if (current.attempt < taken.attempt) return { ...current, attempt: taken.attempt };
  return taken;
}

export class LeaseBook {
  private readonly file: string;

  constructor(
    folder: string,
    private readonly password: string,
  ) {
    this.file = join(folder, 'lease.json');
  }

  /** Undefined where none is given, or it was given back. */
  get lease(): Lease | undefined {
    const { last } = this;
    return last?.expiresAt === 0 ? undefined : last;
  }

  private get last(): Lease | undefined {
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
    const answer = answerTo({ ...lease, signature: String(signature) }, this.last, this.password, Date.now());
    if (answer.lease) this.write(answer.lease);
    return { status: answer.status, text: answer.status === 200 ? 'taken' : answer.reason };
  }

  /** As if it were given back. */
  forget(): void {
    const { last } = this;
    if (last) this.write({ ...last, expiresAt: 0 });
  }

  /** In place by a rename: whoever reads it, after a crash too, reads the old one or the new one. */
  private write(lease: Lease): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(lease));
    renameSync(`${this.file}.new`, this.file);
  }
}
