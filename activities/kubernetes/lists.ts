/** Whole lists, page by page: one that was cut in silence would hide what matters, or make a full node look empty. */
import { failure } from '../failures';

const pageSize = 500;
/** 50,000 objects: far beyond the limits of one cluster's namespace (kubernetes.io, "Considerations for large clusters"). */
const pagesMax = 100;

interface Page<Item> {
  items: Item[];
  metadata?: { _continue?: string };
}

/** Throws KubernetesRefused where there is no end to it. */
export async function listAll<Item>(
  read: (page: { limit: number; _continue?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const found: Item[] = [];
  let next: string | undefined;
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = await read({ limit: pageSize, ...(next === undefined ? {} : { _continue: next }) });
    found.push(...page.items);
    next = page.metadata?._continue || undefined;
    if (next === undefined) return found;
  }
  throw failure('KubernetesRefused', `a list has more than ${pageSize * pagesMax} objects`);
}
