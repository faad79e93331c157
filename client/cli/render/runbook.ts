import { z } from 'zod';
import type { RunbookEntry } from '../../../catalogue';
import { columns } from './table';
import type { Look } from './text';
import { shellWord, tint } from './text';

/** One field of a runbook's input, as people read it. */
export interface InputField {
  /** Dotted. */
  field: string;
  type: string;
  /** As JSON, where the field may be left out and then has a value. */
  default?: string;
  required: boolean;
}

/** What a runbook does, the worst that can happen, what it asks for, and how to begin. */
export function renderRunbook(entry: RunbookEntry, look: Look): string {
  const { name, title, summary, risk, example } = entry;
  const settings = Object.entries(example).map(([key, value]) => shellWord(`${key}=${String(value)}`));
  const rows = fieldsOf(entry.input).map(({ field, type, required, default: fallback }) => [
    field,
    type,
    required ? 'required' : fallback === undefined ? '' : `default ${fallback}`,
  ]);
  return [
    `${tint(look, 'bold', name)}   ${title}`,
    columns(look, [['', summary], ['risk:', risk]].map(([head = '', text = '']) => [head, text]), ''),
    'input, by --set field=value or --input file:',
    columns(look, rows, '  '),
    `begin: ${look.command} plan ${name} ${settings.map((setting) => `--set ${setting}`).join(' ')}`,
  ].join('\n');
}

/** Every field of an input, inner ones by dotted names. */
export function fieldsOf(input: z.ZodType): InputField[] {
  return flatten(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }), '');
}

type Schema = z.core.JSONSchema.BaseSchema;

function flatten(schema: Schema, prefix: string): InputField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    if (typeof inner === 'boolean') return [];
    const field = prefix === '' ? key : `${prefix}.${key}`;
    if (inner.properties !== undefined) return flatten(inner, field);
    const fallback = inner.default === undefined ? undefined : JSON.stringify(inner.default);
    return [{ field, type: typeOf(inner), default: fallback, required: schema.required?.includes(key) ?? false }];
  });
}

function typeOf(schema: Schema): string {
  const { enum: values, type, minimum, maximum, items, pattern } = schema;
  if (values !== undefined) return values.map(String).join(' | ');
  if (type === 'array') {
    const inner = typeof items === 'object' && !Array.isArray(items) ? typeOf(items) : 'value';
    return `list of ${inner}`;
  }
  const range = minimum === undefined || maximum === undefined ? '' : ` ${minimum.toLocaleString('en')}–${maximum.toLocaleString('en')}`;
  if (type === 'string') return pattern === undefined ? 'text' : `text like ${pattern}`;
  return `${names[String(type)] ?? String(type)}${range}`;
}

const names: Record<string, string> = { integer: 'whole number', number: 'number', boolean: 'true | false' };
