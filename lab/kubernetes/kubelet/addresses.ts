/** The addresses of pods: handed out in turn, so that a new pod does not get the address of one that has just gone. */
export class PodAddresses {
  private readonly taken = new Set<string>();
  private next = 0;

  constructor(private readonly all: string[]) {}

  /** A pod has it already. */
  keep(address: string): void {
    this.taken.add(address);
  }

  take(): string {
    for (let step = 0; step < this.all.length; step++) {
      const address = this.all[(this.next + step) % this.all.length]!;
      if (this.taken.has(address)) continue;
      this.next = (this.next + step + 1) % this.all.length;
      this.taken.add(address);
      return address;
    }
    throw new Error(`the cluster has no address left: it has ${this.all.length} for pods`);
  }

  release(address: string): void {
    this.taken.delete(address);
  }
}
