/** Label selectors as they stand in a query. Pure. */

/** `app=broxiva-api,tier in (a,b)`: the forms that kubectl and the controllers send. */
export function matches(selector: string | null, labels: Record<string, string>): boolean {
  return (selector ?? '')
    .split(/,(?![^(]*\))/)
    .filter(Boolean)
    .every((term) => {
      const [, name, , values] = /^\s*([^\s=!]+)\s+(in)\s+\((.*)\)$/.exec(term) ?? [];
      if (name) return values!.split(',').includes(labels[name] ?? '');
      const [key, value] = term.split(/==?/) as [string, string | undefined];
      if (key.endsWith('!')) return labels[key.slice(0, -1)] !== value;
      return value === undefined ? key in labels : labels[key] === value;
    });
}
