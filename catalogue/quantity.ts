/** Powers by the suffixes that Kubernetes allows (k8s.io/apimachinery, pkg/api/resource, "Quantity"). */
const powers: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** "100m" → 0.1, "512Mi" → 536870912, "1e3" → 1000. Throws where it is no quantity. */
export function quantity(text: string): number {
  const [, number, suffix = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text) ?? [];
  const value = Number(number) * powers[suffix]!;
  if (number === undefined || Number.isNaN(value)) throw new Error(`"${text}" is no quantity`);
  return value;
}
