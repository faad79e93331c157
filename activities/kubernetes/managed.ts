import type { KnownObject } from './kubernetes';

/** By which a runbook knows what runbooks have made (kubernetes.io, "Recommended Labels"). */
export const managedBy = { 'app.kubernetes.io/managed-by': 'durable-runbooks' };

export function isManaged({ labels }: Pick<KnownObject, 'labels'>): boolean {
  return Object.entries(managedBy).every(([name, value]) => labels[name] === value);
}
