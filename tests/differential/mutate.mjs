// Requests with one thing wrong.

import { flat, follow, typeOf } from './schema.mjs';
import { mediaType, schemaOf } from './request.mjs';
import { expression } from './value.mjs';

/** Changes of a filled operation, each `[name, filled]`. */
export function mutations(document, operation, filled, dice) {
  const found = [];
  for (const [parameter, value] of filled.parameters) {
    const schema = flat(document, schemaOf(parameter), (list) => list[0]);
    const place = parameter.in;
    if (parameter.required && place !== 'path') found.push([`required ${place}`, without(filled, parameter)]);
    if (parameter.content || schema.isAlternative) continue;
    for (const [keyword, wrong] of wrongTexts(document, schema, value)) {
      // An empty segment is another path.
      if (place === 'path' && (wrong === '' || wrong?.length === 0)) continue;
      if (place === 'header' && !/^[\x21-\x7e]*$/.test(String(wrong))) continue;
      found.push([`${keyword} ${place}`, { ...filled, parameters: new Map(filled.parameters).set(parameter, wrong) }]);
    }
  }
  if (operation.body?.required && filled.media) found.push(['required body', { parameters: filled.parameters }]);
  if (filled.media) found.push(['content-type', { ...filled, type: 'application/x-never-declared' }]);
  if (filled.media?.includes('json')) {
    const schema = operation.body.content[mediaType(operation.body)].schema ?? {};
    for (const [keyword, body] of wrongValues(document, schema, filled.body, 0)) {
      found.push([`${keyword} body`, { ...filled, body }]);
    }
  }
  // All of a kind would be too many; some of each kind are enough.
  const picked = new Map();
  for (const one of found.sort(() => dice.next() - 0.5)) {
    const list = picked.get(one[0]) ?? [];
    if (list.length < 3) picked.set(one[0], [...list, one]);
  }
  return [...picked.values()].flat();
}

function without(filled, parameter) {
  const parameters = new Map(filled.parameters);
  parameters.delete(parameter);
  return { ...filled, parameters };
}

/** Wrong values of a parameter: what can be written, and read as nothing else. */
function* wrongTexts(document, schema, value) {
  const type = typeOf(schema);
  if (type === 'array') {
    const items = flat(document, schema.items ?? {}, (list) => list[0]);
    if (items.isAlternative) return;
    for (const [keyword, wrong] of wrongTexts(document, items, value[0])) {
      if (!String(wrong).includes(',') && wrong !== '') yield [`items.${keyword}`, [wrong]];
    }
    if (schema.maxItems < 50) yield ['maxItems', Array.from({ length: schema.maxItems + 1 }, () => value[0])];
    if (schema.minItems > 1) yield ['minItems', [value[0]]];
    if (schema.uniqueItems && schema.maxItems !== 1) yield ['uniqueItems', [value[0], value[0]]];
    return;
  }
  if (type === 'object') return;
  if (['integer', 'number', 'boolean'].includes(type)) yield ['type', 'abc'];
  if (type === 'integer') yield ['fraction', '1.5'];
  yield* wrongPrimitives(schema, type);
}

function* wrongPrimitives(schema, type) {
  if (schema.enum && !schema.enum.includes(null)) yield ['enum', type === 'string' ? 'never-in-the-list' : 987654];
  if (type === 'string' || type === 'any') {
    if (schema.minLength > 0) yield ['minLength', 'a'.repeat(schema.minLength - 1)];
    if (schema.maxLength < 5000) yield ['maxLength', 'a'.repeat(schema.maxLength + 1)];
    if (schema.pattern) {
      const pattern = expression(schema.pattern);
      const wrong = ['~', '-', 'A b', '0'].find((text) => !pattern.test(text));
      if (wrong) yield ['pattern', wrong];
    }
    const asserted = ['date-time', 'date', 'uuid', 'email', 'ipv4', 'ipv6', 'uri'];
    if (asserted.includes(schema.format)) yield [`format.${schema.format}`, 'not so'];
  }
  if (type === 'integer' || type === 'number') {
    const by = schema.multipleOf ?? 1;
    if (Math.abs(schema.minimum) < 1e9) yield ['minimum', schema.minimum - by];
    if (Math.abs(schema.maximum) < 1e9) yield ['maximum', schema.maximum + by];
    if (schema.format === 'int32') yield ['format.int32', 3_000_000_000];
  }
}

/** Wrong values of a body: one place of it is changed. */
function* wrongValues(document, schema, value, depth) {
  const one = flat(document, schema, (list) => list[0]);
  if (one.isAlternative || depth > 4 || one.enum?.includes(null)) return;
  const type = typeOf(one);
  const isNullable = one.nullable || (Array.isArray(one.type) && one.type.includes('null'));
  // What has properties and no `type` takes null as well.
  if (one.type && type !== 'any' && type !== 'null' && !isNullable) yield ['null', null];
  if (type !== 'any' && one.type && !Array.isArray(one.type)) {
    const other = { string: 12345, integer: 'abc', number: 'abc', boolean: 'maybe', array: 'abc', object: 'abc' }[type];
    if (other !== undefined) yield ['type', other];
    if (type === 'integer') yield ['fraction', 1.5];
  }
  yield* wrongPrimitives(one, type);
  if (type === 'array' && Array.isArray(value)) {
    if (one.maxItems < 50 && value.length) yield ['maxItems', Array.from({ length: one.maxItems + 1 }, () => value[0])];
    if (one.minItems > 0) yield ['minItems', value.slice(0, one.minItems - 1)];
    if (one.uniqueItems && value.length) yield ['uniqueItems', [value[0], value[0]]];
    if (value.length) {
      for (const [keyword, wrong] of wrongValues(document, one.items ?? {}, value[0], depth + 1)) {
        yield [keyword, [wrong, ...value.slice(1)]];
      }
    }
  }
  if (type === 'object' && value && typeof value === 'object') yield* wrongObjects(document, one, value, depth);
}

function* wrongObjects(document, schema, value, depth) {
  for (const name of schema.required ?? []) {
    const property = follow(document, schema.properties?.[name]);
    if (!(name in value) || property?.readOnly) continue;
    const { [name]: _, ...rest } = value;
    yield ['required', rest];
  }
  if (schema.additionalProperties === false) yield ['additionalProperties', { ...value, neverDeclared: 1 }];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!(name in value)) continue;
    for (const [keyword, wrong] of wrongValues(document, property, value[name], depth + 1)) {
      yield [keyword, { ...value, [name]: wrong }];
    }
  }
}
