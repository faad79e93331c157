/**
 * The registry that the cluster pulls from: the catalogue's images, and what was pushed under one of their tags since. A
 * pushed image is what every container started from then on gets; those that run go on with what they have.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ClusterLayout } from '../layout';
import { findImage } from './catalogue';
import { type Image, parseReference } from './image';

/** What can be pushed in the place of a good image: it ends after its start, never becomes ready, takes no job, or is gone. */
export const brokenImages = ['crash', 'unready', 'idle', 'missing'] as const;
export type BrokenImage = (typeof brokenImages)[number];

export class Registry {
  private readonly file: string;

  constructor(layout: ClusterLayout) {
    this.file = layout.path('registry.json');
  }

  /** Undefined when it cannot be pulled. */
  pull(reference: string): Image | undefined {
    const { name, tag } = parseReference(reference);
    const pushed = this.pushed()[`${name}:${tag}`];
    if (pushed === 'missing') return undefined;
    return findImage(pushed ? `${name}:${pushed}` : reference);
  }

  /** Throws when the cluster does not know the image. */
  push(reference: string, broken: BrokenImage): void {
    const { name, tag } = parseReference(reference);
    if (broken !== 'missing' && !findImage(`${name}:${broken}`))
      throw new Error(
        `"${name}" cannot be pushed as ${broken}: broxiva/api, broxiva/web and broxiva/worker as crash or unready, ` +
          `broxiva/worker as idle, any image as missing`,
      );
    this.write({ ...this.pushed(), [`${name}:${tag}`]: broken });
  }

  /** As in the beginning. */
  restore(): void {
    this.write({});
  }

  /** By name and tag. */
  pushed(): Record<string, BrokenImage> {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, BrokenImage>) : {};
  }

  private write(pushed: Record<string, BrokenImage>): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(pushed));
    renameSync(`${this.file}.new`, this.file);
  }
}
