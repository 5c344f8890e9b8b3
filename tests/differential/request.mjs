// Requests of an operation: parameters written in their style, bodies in their media type.

import { flat, follow, typeOf } from './schema.mjs';
import { Impossible, make } from './value.mjs';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options'];

/** Every operation with its parameters resolved. */
export function operations(document) {
  const found = [];
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const shared = (item.parameters ?? []).map((one) => follow(document, one));
    for (const method of METHODS.filter((method) => item[method])) {
      const own = (item[method].parameters ?? []).map((one) => follow(document, one));
      const kept = shared.filter((one) => !own.some((other) => other?.name === one?.name && other?.in === one?.in));
      const parameters = [...own, ...kept].filter((one) => one && !isIgnored(one));
      const body = follow(document, item[method].requestBody);
      found.push({ key: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, parameters, body });
    }
  }
  return found;
}

/** Header parameters that are ignored (OpenAPI 3.0.4, "Parameter Object"), and those that HTTP writes itself. */
function isIgnored(parameter) {
  return parameter.in === 'header' && ['accept', 'content-type', 'authorization', 'content-length', 'host'].includes(parameter.name.toLowerCase());
}

/** Values for an operation: `{parameters: Map, media, body}`. */
export function fill(document, operation, style, dice) {
  const parameters = new Map();
  for (const parameter of operation.parameters) {
    const isWanted = style === 'full' || (style === 'random' && dice.next() < 0.5);
    if (!parameter.required && parameter.in !== 'path' && !isWanted) continue;
    try {
      const value = make(document, schemaOf(parameter), style, dice);
      // Nothing can be written for an empty list.
      parameters.set(parameter, Array.isArray(value) && !value.length ? atLeastOne(document, parameter, dice) : value);
    } catch (cause) {
      if (!(cause instanceof Impossible) || parameter.required) throw cause;
    }
  }
  const filled = { parameters };
  const isUsual = operation.method !== 'GET' && operation.method !== 'DELETE';
  const media = (isUsual || operation.body?.required) && mediaType(operation.body);
  if (operation.body?.required && !media) throw new Impossible('a body that must be there, of no media type that is written here');
  if (media && (operation.body.required || style !== 'minimal' || dice.next() < 0.5)) {
    filled.media = media;
    filled.body = make(document, operation.body.content[media].schema ?? {}, style, dice);
  }
  return filled;
}

function atLeastOne(document, parameter, dice) {
  return [make(document, flat(document, schemaOf(parameter), (list) => list[0]).items ?? {}, 'minimal', dice)];
}

export function schemaOf(parameter) {
  return parameter.schema ?? Object.values(parameter.content ?? {})[0]?.schema ?? {};
}

/** The media type that a body is sent as: one that the values can be written in. */
export function mediaType(body) {
  const all = Object.keys(body?.content ?? {});
  const isJson = (type) => /^application\/([\w.+-]*\+)?json\b/.test(type);
  return all.find(isJson) ?? all.find((type) => type === 'application/x-www-form-urlencoded');
}

/** The request as it is sent. */
export function write(operation, filled) {
  const by = (place) => [...filled.parameters].filter(([parameter]) => parameter.in === place);
  let path = operation.path;
  for (const [parameter, value] of by('path')) {
    const { style = 'simple', explode = false } = parameter;
    path = path.replace(`{${parameter.name}}`, () => inPath(parameter.name, style, explode, written(parameter, value)));
  }
  if (/[{}]/.test(path)) throw new Impossible('a path parameter is not declared');
  const query = by('query').flatMap(([parameter, value]) => inQuery(parameter, written(parameter, value)));
  const headers = by('header').map(([parameter, value]) => [parameter.name.toLowerCase(), inHeader(parameter, value)]);
  const cookies = by('cookie').flatMap(([parameter, value]) => inQuery(parameter, written(parameter, value)));
  if (cookies.length) headers.push(['cookie', cookies.join('; ')]);
  let body;
  if (filled.media) {
    headers.push(['content-type', filled.type ?? filled.media]);
    body = filled.media.includes('json') ? JSON.stringify(filled.body) : form(filled.body);
    headers.push(['content-length', String(Buffer.byteLength(body))]);
  }
  if (/[?#]/.test(path)) throw new Impossible('a path with a query');
  return { method: operation.method, path: path + (query.length ? `?${query.join('&')}` : ''), headers, body };
}

function written(parameter, value) {
  return parameter.content ? JSON.stringify(value) : value;
}

const plain = (value) => encodeURIComponent(typeof value === 'object' ? JSON.stringify(value) : String(value));

function inPath(name, style, explode, value) {
  if (plain(value) === '' || value === '.' || value === '..') throw new Impossible('an empty segment');
  const prefix = { simple: '', label: '.', matrix: ';' }[style];
  const between = explode && style !== 'simple' ? prefix : ',';
  if (Array.isArray(value)) {
    const items = value.map(plain);
    if (style === 'matrix') return prefix + (explode ? items.map((item) => `${name}=${item}`).join(';') : `${name}=${items}`);
    return prefix + items.join(between);
  }
  if (typeof value === 'object' && value) {
    const pairs = Object.entries(value).map(([key, one]) => `${plain(key)}${explode ? '=' : ','}${plain(one)}`);
    return prefix + (style === 'matrix' && !explode ? `${name}=` : '') + pairs.join(between);
  }
  return prefix + (style === 'matrix' ? `${name}=` : '') + plain(value);
}

function inQuery(parameter, value) {
  const { name, style = 'form', explode = style === 'form' } = parameter;
  const key = plain(name);
  if (Array.isArray(value)) {
    if (explode) return value.map((item) => `${key}=${plain(item)}`);
    const between = { form: ',', spaceDelimited: '%20', pipeDelimited: '%7C' }[style] ?? ',';
    return [`${key}=${value.map(plain).join(between)}`];
  }
  if (typeof value === 'object' && value) {
    const pairs = Object.entries(value);
    if (style === 'deepObject') return pairs.map(([member, one]) => `${key}%5B${plain(member)}%5D=${plain(one)}`);
    if (explode) return pairs.map(([member, one]) => `${plain(member)}=${plain(one)}`);
    return [`${key}=${pairs.map(([member, one]) => `${plain(member)},${plain(one)}`).join(',')}`];
  }
  return [`${key}=${plain(value)}`];
}

function inHeader(parameter, value) {
  if (parameter.content) return JSON.stringify(value);
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || !value) return String(value);
  const sign = parameter.explode ? '=' : ',';
  return Object.entries(value).map(([key, one]) => `${key}${sign}${one}`).join(',');
}

function form(value) {
  if (typeof value !== 'object' || !value) throw new Impossible('a form is an object');
  const pairs = Object.entries(value).flatMap(([name, member]) => {
    if (Array.isArray(member)) return member.map((item) => [name, item]);
    return [[name, member]];
  });
  if (pairs.some(([, member]) => typeof member === 'object')) throw new Impossible('a form with objects');
  return pairs.map(([name, member]) => `${plain(name)}=${plain(member)}`).join('&');
}

export { flat, typeOf };
