/** What befalls the pods of a pooler while a run goes on. */
export type PoolerTrouble =
  /** Somebody scales it up: one more, with nobody's pause in it. */
  | 'a pod appears'
  /** The first one's PgBouncer is stopped, as by a node that stands still: it takes connections, and answers nobody. */
  | 'a pod hangs'
  /** Its kubelet cannot write: the first one's folder stays as it is, whatever the Secret says by now. */
  | 'a pod is not given the new file'
  /** The first one's PgBouncer may not read its file any more: its RELOAD succeeds, and changes nothing. */
  | 'a pod misses the reload'
  /** The processes of the first one die, and its kubelet starts them again. */
  | 'a pod dies'
  /** Others come in their place, which know of no pause. */
  | 'its pods are replaced'
  /** The first one's userlist has another password of the application's: who logs in from then on is refused. */
  | 'a pod has wrong credentials';

/** Its clients lose their connections by it, whatever a run does. */
export const cutsClients = new Set<PoolerTrouble>(['a pod dies', 'its pods are replaced']);
