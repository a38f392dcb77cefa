// How the page is put together: what it loads, and which module may know which.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The modules that a module names in its import statements. */
function importsOf(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^(?:import|\} from)\b[^"\n]*"([^"]+)";$/gm)].map(([, name]) => {
    assert.match(name, /^\.\.?\/.*\.js$/, `${file}: ${name}: nothing comes from elsewhere`);
    const found = relative(ROOT, join(ROOT, dirname(file), name));
    assert.ok(existsSync(join(ROOT, found)), `${file} imports ${found}, which is not there`);
    return found;
  });
}

/** The documents with modules, each with its entry. */
const DOCUMENTS = { "index.html": "lab.js", "own/index.html": "own/own.js" };

/** All that a document loads, with what each module imports. */
function graph(entry) {
  const found = new Map();
  const add = (file) => {
    if (found.has(file)) return;
    found.set(file, importsOf(file));
    found.get(file).forEach(add);
  };
  add(entry);
  return found;
}

/** All modules. */
const all = () => new Map(Object.values(DOCUMENTS).flatMap((entry) => [...graph(entry)]));

for (const [document, entry] of Object.entries(DOCUMENTS)) {
  test(`${document} asks for all its modules at once`, () => {
    const html = readFileSync(join(ROOT, document), "utf8");
    const named = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)];
    const files = named.map(([, href]) => join(dirname(document), href));
    assert.deepEqual(files.toSorted(), [...graph(entry).keys()].toSorted());
  });
}

/** Which modules one may import, by where it is. `send.js` is the controller that reaches out: it puts frames somewhere. */
const MAY_IMPORT = [
  [/^generated\//, /^$/],
  [/^pure\//, /^(pure|generated)\//],
  [/^rooms\//, /^(rooms|pure)\//],
  [/^app\/send\.js$/, /^(pure\/|rooms\/dom\.js$)/],
  [/^app\//, /^(app\/(?!send)|pure\/)/],
  [/^lab\.js$/, /^(?!own\/)/],
  [/^own\/own\.js$/, /^(app\/(control|own)\.js$|pure\/|rooms\/|own\/)/],
  [/^own\//, /^(pure|rooms)\//],
];

test("rooms know no controllers, controllers no rooms, and pure modules neither", () => {
  for (const [file, imports] of all()) {
    const [, allowed] = MAY_IMPORT.find(([place]) => place.test(file)) ?? assert.fail(`${file} has no place`);
    for (const name of imports) assert.match(name, allowed, `${file} imports ${name}`);
  }
});

test("no module imports itself, over others", () => {
  const modules = all();
  const reaches = (from, to, seen = new Set()) =>
    modules.get(from).some((next) => next === to || (!seen.has(next) && seen.add(next) && reaches(next, to, seen)));
  for (const file of modules.keys()) assert.ok(!reaches(file, file), `${file} is in a circle`);
});
