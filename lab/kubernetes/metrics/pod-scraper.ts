/**
 * Asks pods for their own metrics, as Prometheus would: those with the annotation `prometheus.io/scrape: "true"`, at
 * `prometheus.io/port` and `prometheus.io/path` (/metrics). What is kept of them is how fast their counters grow: a
 * counter `x_total` is the metric `x_per_second`, as the Prometheus adapter names it by default.
 */
import { request } from 'node:http';
import type { Pod } from '../api/objects';

export interface ScrapedPod {
  namespace: string;
  name: string;
  labels: Record<string, string>;
  /** By the metric's name. */
  rates: Record<string, number>;
  at: string;
  windowSeconds: number;
}

interface Sample {
  at: number;
  counters: Record<string, number>;
}

const scrapeEveryMs = 2_000;
const deadlineMs = 1_500;
/** Ten seconds: two of the autoscaler's looks. */
const windowSamples = 6;

export class PodScraper {
  private readonly samples = new Map<string, Sample[]>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pods: () => Pod[]) {
    this.timer = setInterval(() => void this.scrape(), scrapeEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Pods of which there are two samples at least. */
  scraped(): ScrapedPod[] {
    return this.pods().flatMap(({ metadata: { uid, name, namespace = '', labels = {} } }) => {
      const samples = this.samples.get(uid!) ?? [];
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || first === last) return [];
      const windowSeconds = (last.at - first.at) / 1000;
      const rates = Object.fromEntries(
        Object.entries(last.counters).map(([counter, value]) => [
          counter.replace(/_total$/, '_per_second'),
          (value - (first.counters[counter] ?? 0)) / windowSeconds,
        ]),
      );
      return [{ namespace, name, labels, rates, windowSeconds, at: new Date(last.at).toISOString() }];
    });
  }

  private async scrape(): Promise<void> {
    const pods = this.pods().filter((pod) => place(pod));
    const present = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const uid of this.samples.keys()) if (!present.has(uid)) this.samples.delete(uid);
    await Promise.all(
      pods.map(async (pod) => {
        const text = await ask(place(pod)!).catch(() => undefined);
        if (text !== undefined) this.add(pod.metadata.uid!, { at: Date.now(), counters: countersIn(text) });
      }),
    );
  }

  private add(uid: string, sample: Sample): void {
    const samples = this.samples.get(uid) ?? [];
    const last = samples.at(-1);
    // A counter that has become smaller is one of a process that was started again.
    const began = last && Object.entries(last.counters).some(([name, value]) => (sample.counters[name] ?? 0) < value);
    this.samples.set(uid, began ? [sample] : [...samples, sample].slice(-windowSamples));
  }
}

interface Place {
  host: string;
  port: number;
  path: string;
}

/** Undefined for a pod that is not to be asked. */
function place({ metadata, status }: Pod): Place | undefined {
  const { annotations = {}, deletionTimestamp } = metadata;
  const running = status?.podIP && status.phase === 'Running' && !deletionTimestamp;
  if (!running || annotations['prometheus.io/scrape'] !== 'true') return undefined;
  const port = Number(annotations['prometheus.io/port'] ?? 80);
  return { host: status.podIP!, port, path: annotations['prometheus.io/path'] ?? '/metrics' };
}

/** The sum of each counter over its labels, in Prometheus' text format. */
export function countersIn(text: string): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Za-z_:][\w:]*_total)(?:\{.*\})? ([^ ]+)/.exec(line) ?? [];
    if (name) counters[name] = (counters[name] ?? 0) + Number(value);
  }
  return counters;
}

function ask({ host, port, path }: Place): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host, port, path, agent: false, signal: AbortSignal.timeout(deadlineMs) }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString());
        else reject(new Error(`${host}:${port}${path} answered ${answer.statusCode}`));
      });
    })
      .on('error', reject)
      .end();
  });
}
