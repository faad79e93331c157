/**
 * Resource locks (Microsoft.Authorization/locks) on the subscription, the group or a server: `CanNotDelete` refuses
 * DELETE, `ReadOnly` every write, on the scope itself and all below it.
 */
import { gatewayErrors } from './errors';

export interface ResourceLock {
  name: string;
  /** Id of what is locked, as it was asked for. */
  scope: string;
  level: 'CanNotDelete' | 'ReadOnly';
  notes?: string;
}

const within = (id: string, scope: string) => {
  const [inner, outer] = [id.toLowerCase(), scope.toLowerCase()];
  return inner === outer || inner.startsWith(`${outer}/`);
};

/** Throws ScopeLocked when a lock forbids `method` on the resource. */
export function assertUnlocked(locks: ResourceLock[], resourceId: string, method: string): void {
  const deletes = method === 'DELETE';
  const hits = locks.filter((lock) => within(resourceId, lock.scope) && (deletes || lock.level === 'ReadOnly'));
  if (hits.length > 0) {
    throw gatewayErrors.scopeLocked(
      resourceId,
      deletes ? 'delete' : 'write',
      hits.map((lock) => lock.scope),
    );
  }
}

/** The locks that a list at `scope` shows: those above, which it inherits, its own, and those below it. */
export function locksAt(locks: ResourceLock[], scope: string, onlyAtScope: boolean): ResourceLock[] {
  return locks.filter((lock) => {
    if (onlyAtScope) return lock.scope.toLowerCase() === scope.toLowerCase();
    return within(lock.scope, scope) || within(scope, lock.scope);
  });
}

export function lockView(lock: ResourceLock): Record<string, unknown> {
  return {
    properties: { level: lock.level, ...(lock.notes === undefined ? {} : { notes: lock.notes }) },
    id: `${lock.scope}/providers/Microsoft.Authorization/locks/${lock.name}`,
    type: 'Microsoft.Authorization/locks',
    name: lock.name,
  };
}
