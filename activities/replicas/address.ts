/**
 * The address by which a deployment reads from a replica: the primary's own URL with another host, and with the deployment's
 * name as `application_name`. By that name its sessions are told from everybody else's, on whatever network address they come
 * out of the cluster (docs/decisions). Pure; a URL carries a password, so nothing but host and name leaves here otherwise.
 */
export interface Address {
  host: string;
  /** What sessions are called; absent where the URL does not say. */
  application?: string;
}

/** Undefined where `primaryUrl` is no URL. */
export function replicaUrl(primaryUrl: string, { host, application }: Required<Address>): string | undefined {
  if (!URL.canParse(primaryUrl)) return undefined;
  const url = new URL(primaryUrl);
  url.hostname = host;
  url.searchParams.set('application_name', application);
  return url.href;
}

export function addressIn(url: string): Address {
  if (!URL.canParse(url)) return { host: 'no URL' };
  const { hostname: host, searchParams } = new URL(url);
  const application = searchParams.get('application_name');
  return { host, ...(application ? { application } : {}) };
}

/** "replica-1.example as broxiva-api" */
export function showAddress({ host, application }: Address): string {
  return application === undefined ? host : `${host} as ${application}`;
}
