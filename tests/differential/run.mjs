// Holds requests of real documents against both validators. usage: run.mjs PROGRAM CORPUS [TEXT]
// Exits with 1 when they differ in a way that explained.json does not explain, when both judge otherwise than the generator has
// guessed and that is not explained either, or when an explanation explains nothing; with 2 when it could not do its work.
// With UPDATE=1 it writes down anew at which operations each explanation holds: read what became different.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { random } from './random.mjs';
import { fill, operations, write } from './request.mjs';
import { mutations } from './mutate.mjs';
import { ours, theirs } from './validators.mjs';
import { Impossible } from './value.mjs';

const [program, corpus, only = ''] = process.argv.slice(2);
const here = import.meta.dirname;
const listed = fs.readFileSync(`${here}/documents.txt`, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const explained = JSON.parse(fs.readFileSync(`${here}/explained.json`, 'utf8'));
const chosen = listed.filter((name) => name.includes(only));
if (!chosen.length) {
  console.error(`differential: no document of tests/differential/documents.txt has '${only}' in its path`);
  process.exit(2);
}
const isUpdate = process.env.UPDATE === '1' && !only;
const OPERATIONS = 40;

const counts = { documents: 0, operations: 0, passed: 0, refused: 0, differ: 0, wrongGuess: 0 };
const unexplained = new Map();
const unread = [];
/** What the other says of operations that it cannot compile, and of how many requests. */
const failed = new Map();

for (const name of chosen) await document(name);
report();

async function document(name) {
  const text = fs.readFileSync(path.join(corpus, name), 'utf8');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'differential-'));
  const file = path.join(folder, 'api.json');
  fs.writeFileSync(file, JSON.stringify(plain(JSON.parse(text))));
  const our = await ours(program, file);
  let their;
  try {
    if (our.refused.length) throw new Error(`ours refuses it: ${our.refused}`);
    their = await theirs(tolerable(plain(JSON.parse(text))));
    counts.documents += 1;
    const model = plain(JSON.parse(text));
    const all = operations(model);
    const dice = random(name);
    const some = all.length > OPERATIONS ? all.sort(() => dice.next() - 0.5).slice(0, OPERATIONS) : all;
    for (const operation of some) await compare(name, model, operation, our, their);
  } catch (cause) {
    if (their) throw cause;
    unread.push(`${name}: ${cause.message}`);
  } finally {
    our.end();
    their?.end();
    fs.rmSync(folder, { recursive: true });
  }
}

/** The document without what neither is asked about: who may call, and where the server is. */
function plain(document) {
  const without = (node) => {
    delete node.servers;
    delete node.security;
  };
  without(document);
  document.servers = [{ url: '/' }];
  if (document.components) delete document.components.securitySchemes;
  for (const item of Object.values(document.paths)) {
    without(item);
    Object.values(item).filter((one) => one && typeof one === 'object').forEach(without);
  }
  return document;
}

/** `nullable` without `type` says nothing (OpenAPI 3.0.4, "Schema Object"); the other does not compile it. */
function tolerable(node) {
  if (!node || typeof node !== 'object') return node;
  if (typeof node.nullable === 'boolean' && !node.type) delete node.nullable;
  Object.values(node).forEach(tolerable);
  return node;
}

async function compare(name, model, operation, our, their) {
  const dice = random(`${name} ${operation.key}`);
  counts.operations += 1;
  for (const style of ['minimal', 'full', 'random']) {
    let filled;
    try {
      filled = fill(model, operation, style, dice);
      await one(name, operation, `valid ${style}`, filled, our, their);
      if (style === 'random') continue;
      for (const [kind, wrong] of mutations(model, operation, filled, dice)) {
        await one(name, operation, kind, wrong, our, their);
      }
    } catch (cause) {
      if (!(cause instanceof Impossible)) throw cause;
    }
  }
}

async function one(name, operation, kind, filled, our, their) {
  let request;
  try {
    request = write(operation, filled);
  } catch (cause) {
    if (cause instanceof Impossible) return;
    throw cause;
  }
  const [ourVerdict, theirVerdict] = [await our.judge(request), await their.judge(request)];
  // It could not compile the operation's schemas, or did not find the operation.
  if ([404, 405, 500].includes(theirVerdict.status)) {
    const why = theirVerdict.status === 500 ? theirVerdict.message : 'it does not find the operation';
    failed.set(why, (failed.get(why) ?? 0) + 1);
    return;
  }
  const passes = [ourVerdict.status === 200, theirVerdict.status === 200];
  const isGuessed = passes[0] === passes[1] && passes[0] === kind.startsWith('valid');
  counts[passes[0] !== passes[1] ? 'differ' : passes[0] ? 'passed' : 'refused'] += 1;
  if (isGuessed) return;
  if (passes[0] === passes[1]) counts.wrongGuess += 1;
  const difference = {
    document: name,
    operation: operation.key,
    kind,
    ours: passes[0] ? 'passes' : told(ourVerdict.status, ourVerdict.errors.map(({ location, keyword }) => `${location} ${keyword}`), ourVerdict.code),
    theirs: passes[1] ? 'passes' : told(theirVerdict.status, theirVerdict.errors.map(({ path: place, message }) => theirVerdict.status === 400 ? `${place.split('/')[1]} ${message}` : message), theirVerdict.message),
  };
  const reason = explained.find((entry) => matches(entry, difference));
  if (reason) {
    reason.count = (reason.count ?? 0) + 1;
    ((reason.found ??= {})[name] ??= new Set()).add(operation.key);
    return;
  }
  const signature = [difference.kind, difference.ours, difference.theirs].join(' | ');
  const known = unexplained.get(signature) ?? { ...difference, count: 0, request, our: ourVerdict.errors, their: theirVerdict.errors };
  known.count += 1;
  unexplained.set(signature, known);
}

function told(status, list, otherwise) {
  return `${status} ${[...new Set(list)].sort().join(', ') || otherwise}`;
}

/** The same words at another operation may be another difference: `where` has all operations that were looked at. */
function matches(entry, difference) {
  const isKnown = isUpdate || entry.where?.[difference.document]?.includes(difference.operation);
  return isKnown && ['document', 'kind', 'ours', 'theirs'].every(
    (field) => entry[field] === undefined || new RegExp(`^(?:${entry[field]})$`).test(difference[field]),
  );
}

/** Writes down where each explanation holds. */
function update() {
  for (const entry of explained) {
    const { found = {} } = entry;
    entry.where = Object.fromEntries(Object.keys(found).sort().map((name) => [name, [...found[name]].sort()]));
    delete entry.found;
    delete entry.count;
  }
  fs.writeFileSync(`${here}/explained.json`, `${JSON.stringify(explained, null, 2)}\n`);
}

function report() {
  console.log(JSON.stringify(counts));
  for (const line of unread) console.log(`not read: ${line}`);
  for (const [message, count] of failed) console.log(`${String(count).padStart(6)} not judged by the other: ${message}`);
  for (const entry of explained) {
    console.log(`${String(entry.count ?? 0).padStart(6)} explained, ${entry.right}: ${entry.reason}`);
  }
  const all = [...unexplained.values()].sort((one, other) => other.count - one.count);
  for (const one of all) {
    console.log(`\n${one.count} times: ${one.kind}\n  ours:   ${one.ours}\n  theirs: ${one.theirs}`);
    console.log(`  first:  ${one.document} ${one.operation}`);
    console.log(`  request: ${JSON.stringify(one.request).slice(0, 600)}`);
    console.log(`  our errors: ${JSON.stringify(one.our).slice(0, 400)}\n  their errors: ${JSON.stringify(one.their).slice(0, 400)}`);
  }
  const idle = only ? [] : explained.filter((entry) => !entry.count);
  for (const entry of idle) console.log(`explains nothing: ${entry.reason}`);
  if (isUpdate) update();
  process.exitCode = all.length || idle.length || (unread.length && !only) ? 1 : 0;
}
