/** Objects that have all of these labels, in the form that lists are asked with (kubernetes.io, labels and selectors). */
export function labelSelector(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
