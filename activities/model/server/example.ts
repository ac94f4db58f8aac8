// A value that fits a JSON Schema, filled from a text where it can be.

interface Schema {
  type?: unknown;
  const?: unknown;
  enum?: unknown;
  default?: unknown;
  anyOf?: unknown;
  oneOf?: unknown;
  properties?: unknown;
  items?: unknown;
  minItems?: unknown;
  minimum?: unknown;
  maximum?: unknown;
  minLength?: unknown;
  maxLength?: unknown;
}

/** Deterministic: strings are what the text quotes, else the text; numbers are the text's first that fits. */
export function exampleOf(schema: unknown, text: string): unknown {
  if (!isSchema(schema)) return text;
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.find((one) => mentions(text, one)) ?? schema.enum[0];
  const variants = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(variants)) return exampleOf(variants[0], text);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return objectOf(schema.properties, text);
    case 'array':
      return Array.from({ length: Math.max(numberOr(schema.minItems, 1), 1) }, () => exampleOf(schema.items, text));
    case 'integer':
    case 'number':
      return numberFrom(schema, text, type === 'integer');
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return type === undefined && schema.properties ? objectOf(schema.properties, text) : stringFrom(schema, text);
  }
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

const mentions = (text: string, one: unknown): boolean =>
  typeof one === 'string' && text.toLowerCase().includes(one.toLowerCase());

const objectOf = (properties: unknown, text: string): Record<string, unknown> =>
  typeof properties === 'object' && properties !== null
    ? Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, exampleOf(schema, text)]))
    : {};

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

function numberFrom(schema: Schema, text: string, whole: boolean): number {
  const least = numberOr(schema.minimum, -Infinity);
  const most = numberOr(schema.maximum, Infinity);
  const said = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  const fits = said.find((one) => one >= least && one <= most && (!whole || Number.isInteger(one)));
  return fits ?? Math.min(Math.max(1, least), most);
}

function stringFrom(schema: Schema, text: string): string {
  const quoted = /["“']([^"”']+)["”']/.exec(text)?.[1];
  const address = /https?:\/\/\S+/.exec(text)?.[0];
  const most = numberOr(schema.maxLength, 500);
  return (quoted ?? address ?? text).slice(0, most).padEnd(numberOr(schema.minLength, 0), '.');
}
