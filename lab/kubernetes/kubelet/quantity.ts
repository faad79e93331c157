/** Kubernetes' quantities: `500m`, `1.5`, `512Mi`, `1G` (k8s.io/apimachinery, pkg/api/resource). */

const factors: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** Throws when it is none. */
export function quantity(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)(n|u|m|k|[MGTPE]|[KMGTPE]i|)$/.exec(text);
  if (!match) throw new Error(`"${text}" is not a quantity of Kubernetes, such as 500m or 512Mi`);
  return Number(match[1]) * factors[match[2]!]!;
}
