/** What is wrong with a cluster before a run begins: it strikes the pods that are started from then on. */
export type Affliction = 'new pods crash-loop' | 'new pods never become ready' | 'image missing' | 'quota exceeded';
