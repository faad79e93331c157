import { searchAttributes } from '../catalogue';
import type { Temporal } from './temporal';

/** Value types of Temporal's API (IndexedValueType). */
const valueTypes = { KEYWORD: 2, KEYWORD_LIST: 7 } as const;

/** The runbooks' search attributes that the namespace lacks. Without them every run would hang. */
export async function missingSearchAttributes({ connection, namespace }: Temporal): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(searchAttributes).filter((name) => !Object.hasOwn(customAttributes ?? {}, name));
}

/** Registers them. The server may take some seconds to know them everywhere. */
export async function registerSearchAttributes({ connection, namespace }: Temporal, names: string[]): Promise<void> {
  const types = Object.entries(searchAttributes).filter(([name]) => names.includes(name));
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(types.map(([name, type]) => [name, valueTypes[type]])),
  });
}
