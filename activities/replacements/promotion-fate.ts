/**
 * What may have become of the promotions that were asked for. Knows no server: it is told what happened.
 *
 * Of a request whose answer was lost, or whose worker died, nothing is certain until Azure has shown the server idle for `unheardMs`:
 * a refusal of a later one says nothing of it, for it may be what keeps the server busy.
 */

/** Many times what Azure's answers are stale by (seconds): what it has accepted is shown by then. */
export const unheardMs = 60_000;

export class PromotionFate {
  /** The one on its way is what this attempt has asked for. */
  private isOwn = false;
  /** One that Azure has accepted, or is just being asked for, is on its way. */
  private underWay = false;
  /** One may be on its way whose fate nobody was told; since when Azure shows the server idle all the same. */
  private unheardSince: number | undefined;
  /** By this attempt, or perhaps by an earlier one. */
  private everAsked = false;
  /** One was accepted, or may have been. */
  private everTaken = false;

  /** `isIdle`: whether Azure shows the server with nothing going on. Throws where it cannot be asked. */
  constructor(
    private readonly isIdle: () => Promise<boolean>,
    private readonly now: () => number = Date.now,
  ) {}

  /** It is being asked for. */
  asked(): void {
    this.underWay = true;
    this.isOwn = true;
    this.everAsked = true;
  }

  /** Azure shows one that has taken effect, or soon has: by us, or not. */
  seen(): void {
    this.underWay = true;
  }

  /** Whether it was accepted nobody has heard. */
  unheard(): void {
    this.underWay = false;
    this.isOwn = false;
    this.everAsked = true;
    this.everTaken = true;
    this.unheardSince = this.now();
  }

  /** An earlier attempt may have asked for one. */
  adopted(): void {
    if (!this.everAsked) this.unheard();
  }

  /** How the one on its way ends nobody is told any more. */
  lost(): void {
    if (this.underWay && this.isOwn) this.unheard();
    this.underWay = false;
  }

  /** It is not on its way; an earlier one may be. */
  refused(): void {
    this.underWay = false;
    this.isOwn = false;
  }

  /** Azure made an operation of it, which has ended, or it has taken effect: no earlier one is on its way beside it. */
  over(): void {
    this.everTaken ||= this.underWay && this.isOwn;
    this.underWay = false;
    this.unheardSince = undefined;
  }

  get isUnderWay(): boolean {
    return this.underWay;
  }

  /** One may take effect at any time. */
  get mayCome(): boolean {
    return this.underWay || this.unheardSince !== undefined;
  }

  /** Nothing can come, and nothing can have come. */
  get isClean(): boolean {
    return !this.underWay && !this.everTaken;
  }

  /** Whether there still is one of which nobody has heard. */
  async isOpen(): Promise<boolean> {
    if (this.unheardSince === undefined) return false;
    if (!(await this.isIdle().catch(() => false))) this.unheardSince = this.now();
    else if (this.now() - this.unheardSince >= unheardMs) this.unheardSince = undefined;
    return this.unheardSince !== undefined;
  }
}
