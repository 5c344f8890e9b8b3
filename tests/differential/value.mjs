// Values that satisfy a schema.

import { RandExp } from './packages.mjs';
import { flat, typeOf } from './schema.mjs';

/** Thrown where no value can be made: the operation is passed over. */
export class Impossible extends Error {}

const FORMATS = {
  'date-time': '2024-02-29T10:20:30Z',
  date: '2024-02-29',
  time: '10:20:30Z',
  duration: 'P1DT2H',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  uri: 'https://example.com/a',
  url: 'https://example.com/a',
  iri: 'https://example.com/a',
  'uri-reference': '/a',
  email: 'somebody@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'YWJj',
  'json-pointer': '/a',
  regex: '^a$',
};

/**
 * A value for a schema. `style` is `minimal` (what must be there), `full` (what may be there, to a depth) or `random`.
 */
export function make(document, schema, style, dice, depth = 0) {
  if (depth > 8) throw new Impossible('it nests without end');
  const choose = (list) => (style === 'minimal' ? list[0] : dice.pick(list));
  const one = flat(document, schema, choose);
  if (one.const !== undefined) return one.const;
  if (one.enum?.length) return style === 'minimal' ? one.enum[0] : dice.pick(one.enum);
  switch (typeOf(one)) {
    case 'boolean':
      return dice.next() < 0.5;
    case 'integer':
      return number(one, 1, dice);
    case 'number':
      return number(one, 0.5, dice);
    case 'array':
      return list(document, one, style, dice, depth);
    case 'object':
      return object(document, one, style, dice, depth);
    case 'null':
      return null;
    default:
      return text(one, style, dice);
  }
}

function number(schema, step, dice) {
  const by = schema.multipleOf ?? step;
  const exclusive = (limit, flag) => (typeof flag === 'number' ? flag : flag ? limit : undefined);
  const floor = exclusive(schema.minimum, schema.exclusiveMinimum);
  const ceiling = exclusive(schema.maximum, schema.exclusiveMaximum);
  let least = floor !== undefined ? Math.floor(floor / by) * by + by : schema.minimum;
  let most = ceiling !== undefined ? Math.ceil(ceiling / by) * by - by : schema.maximum;
  least = Math.ceil((least ?? Math.min(1, most ?? 1)) / by) * by;
  most = Math.floor((most ?? least + 100 * by) / by) * by;
  if (least > most || Math.abs(least) > 1e15) throw new Impossible('no number fits');
  const room = Math.min(Math.round((most - least) / by), 1000);
  return least + by * dice.below(room + 1);
}

function text(schema, style, dice) {
  const least = schema.minLength ?? 0;
  const most = schema.maxLength ?? Math.max(least, 24);
  const fits = (text) => [...text].length >= least && [...text].length <= most;
  const pattern = schema.pattern && expression(schema.pattern);
  const known = FORMATS[schema.format];
  const tried = known ? [known] : [];
  if (pattern) {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const made = new RandExp(pattern);
      made.max = attempt % 8;
      made.randInt = (from, to) => from + dice.below(to - from + 1);
      tried.push(made.gen());
    }
  }
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const length = Math.min(most, Math.max(least, style === 'minimal' ? 1 : 1 + dice.below(12)));
  if (!known) tried.push(Array.from({ length }, () => letters[dice.below(26)]).join(''));
  const good = tried.find((text) => fits(text) && (!pattern || pattern.test(text)) && isPlain(text));
  if (good === undefined) throw new Impossible('no text fits');
  return good;
}

/** Texts that survive every place of a request; what else there is, the case files try. */
function isPlain(text) {
  return /^[\x20-\x7e]*$/.test(text) && text === text.trim();
}

export function expression(pattern) {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    try {
      return new RegExp(pattern);
    } catch {
      throw new Impossible('no pattern');
    }
  }
}

function list(document, schema, style, dice, depth) {
  const least = schema.minItems ?? 0;
  const count = style === 'minimal' || depth > 4 ? least : Math.min(Math.max(least, 2), schema.maxItems ?? 2);
  const items = [];
  for (let attempt = 0; items.length < count && attempt < 20 * (count + 1); attempt += 1) {
    const item = make(document, schema.items ?? {}, style === 'minimal' ? 'minimal' : 'random', dice, depth + 1);
    const known = items.some((other) => JSON.stringify(other) === JSON.stringify(item));
    if (!schema.uniqueItems || !known) items.push(item);
    else if (attempt > 10 && items.length >= least) break;
  }
  if (items.length < least) throw new Impossible('too few items');
  return items;
}

function object(document, schema, style, dice, depth) {
  const result = {};
  const required = schema.required ?? [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    // What only the server says is no part of a request, required or not.
    if (flat(document, property, (list) => list[0]).readOnly) continue;
    const optional = style === 'full' ? depth < 3 : style === 'random' && depth < 3 && dice.next() < 0.5;
    if (required.includes(name)) result[name] = make(document, property, style, dice, depth + 1);
    else if (optional) {
      try {
        result[name] = make(document, property, style === 'full' ? 'full' : 'random', dice, depth + 1);
      } catch (cause) {
        if (!(cause instanceof Impossible)) throw cause;
      }
    }
  }
  for (const name of required) {
    if (!(name in result) && !(name in (schema.properties ?? {}))) result[name] = 'a';
  }
  if (schema.chosen) choice(schema, result);
  const others = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  for (let at = 0; Object.keys(result).length < (schema.minProperties ?? 0); at += 1) {
    if (schema.additionalProperties === false || at > 50) throw new Impossible('too few properties');
    result[`x${at}`] = make(document, others, style, dice, depth + 1);
  }
  return result;
}

/** The member that tells the chosen alternative from the others. */
function choice(schema, result) {
  const [{ propertyName, mapping }, reference] = schema.chosen;
  const mapped = Object.entries(mapping ?? {}).find(([, target]) => target === reference);
  result[propertyName] = mapped ? mapped[0] : reference.split('/').at(-1);
}
