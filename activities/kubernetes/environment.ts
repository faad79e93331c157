/** Where a container's variables come from. Pure. */
import type { V1Container } from '@kubernetes/client-node';
import type { Deployment, WholeSecret } from './kubernetes';

type Environment = Pick<Deployment, 'environment' | 'environmentFrom' | 'wholeSecrets' | 'secretReferences'>;

export function environmentOf(container: V1Container): Environment {
  const { env = [], envFrom = [] } = container;
  return {
    environment: Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    environmentFrom: [
      ...env.flatMap(({ name, valueFrom }) => (valueFrom ? [name] : [])),
      ...(envFrom.length > 0 ? ['*'] : []),
    ],
    wholeSecrets: envFrom.flatMap(({ secretRef, prefix = '' }) =>
      secretRef?.name === undefined ? [] : [{ secret: secretRef.name, prefix }],
    ),
    secretReferences: secretReferencesOf(container),
  };
}

export function secretReferencesOf(container: V1Container | undefined): Record<string, string> {
  return Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, valueFrom }) => {
      const from = valueFrom?.secretKeyRef;
      return from ? [[name, `${from.name}/${from.key}`]] : [];
    }),
  );
}

/** Whether a key of a Secret is that variable in every container that takes it over whole: as soon as it is there. */
export function comesByItself(
  wholeSecrets: WholeSecret[],
  { variable, secret, key }: { variable: string; secret: string; key: string },
): boolean {
  return wholeSecrets.some((whole) => whole.secret === secret && whole.prefix + key === variable);
}
