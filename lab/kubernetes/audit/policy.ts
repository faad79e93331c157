/**
 * What the API server tells in its audit log: every change that somebody asked for, after it was answered. Left out are
 * reads, and what the control plane, its controllers and the kubelet change by themselves. Of what runbooks change the
 * request's body is kept; a Secret's never is.
 */
const runbooksChange = [
  { group: 'apps' },
  { group: 'autoscaling' },
  { group: 'policy' },
  { group: '', resources: ['pods', 'pods/resize', 'pods/eviction', 'services', 'resourcequotas', 'limitranges'] },
];

/** The first rule that fits counts (kubernetes.io/docs/tasks/debug/debug-cluster/audit). */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  omitManagedFields: true,
  rules: [
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    {
      level: 'None',
      users: ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'lab-kubelet'],
    },
    // Each controller has a ServiceAccount of its own there.
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    // A review of rights, a token: asked by POST, and changes nothing.
    { level: 'None', resources: [{ group: 'authorization.k8s.io' }, { group: 'authentication.k8s.io' }] },
    {
      level: 'None',
      resources: [{ group: '', resources: ['events', 'serviceaccounts/token'] }, { group: 'events.k8s.io' }],
    },
    { level: 'Request', resources: runbooksChange },
    { level: 'Metadata' },
  ],
};
