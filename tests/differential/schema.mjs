// Schemas as far as values are made from them: references followed, `allOf` merged, an alternative chosen.

/** What a `#/...` reference leads to. */
export function follow(document, node) {
  const seen = new Set();
  while (node && typeof node === 'object' && typeof node.$ref === 'string') {
    if (seen.has(node.$ref) || !node.$ref.startsWith('#/')) return undefined;
    seen.add(node.$ref);
    node = node.$ref
      .slice(2)
      .split('/')
      .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce((at, step) => at?.[step], document);
  }
  return node;
}

/** One schema object for a schema: what its parts say together, with one alternative of each `oneOf` and `anyOf`. */
export function flat(document, schema, choose, depth = 0) {
  const name = typeof schema?.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  const found = follow(document, schema);
  if (!found || typeof found !== 'object' || depth > 12) return {};
  let result = { ...found };
  for (const keyword of ['allOf', 'oneOf', 'anyOf']) delete result[keyword];
  for (const part of found.allOf ?? []) result = merged(result, flat(document, part, choose, depth + 1));
  for (const keyword of ['oneOf', 'anyOf']) {
    if (!found[keyword]?.length) continue;
    const chosen = choose(found[keyword]);
    const part = flat(document, chosen, choose, depth + 1);
    result = merged(result, part);
    if (found.discriminator?.propertyName && chosen.$ref) result.chosen = [found.discriminator, chosen.$ref];
    result.isAlternative = true;
  }
  if (name) result.name = name;
  return result;
}

function merged(one, other) {
  const result = { ...one, ...other };
  result.properties = { ...one.properties, ...other.properties };
  result.required = [...new Set([...(one.required ?? []), ...(other.required ?? [])])];
  if (!Object.keys(result.properties).length) delete result.properties;
  if (!result.required.length) delete result.required;
  for (const keyword of ['minimum', 'minLength', 'minItems', 'minProperties']) {
    const both = [one[keyword], other[keyword]].filter((limit) => limit !== undefined);
    if (both.length) result[keyword] = Math.max(...both);
  }
  for (const keyword of ['maximum', 'maxLength', 'maxItems', 'maxProperties']) {
    const both = [one[keyword], other[keyword]].filter((limit) => limit !== undefined);
    if (both.length) result[keyword] = Math.min(...both);
  }
  if (one.enum && other.enum) result.enum = one.enum.filter((value) => other.enum.includes(value));
  if (one.additionalProperties === false) result.additionalProperties = false;
  return result;
}

/** The type that values are made of. */
export function typeOf(schema) {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type;
  if (type) return type;
  if (schema.properties || schema.additionalProperties || schema.required) return 'object';
  if (schema.items) return 'array';
  if (schema.minimum !== undefined || schema.maximum !== undefined) return 'number';
  return 'any';
}
