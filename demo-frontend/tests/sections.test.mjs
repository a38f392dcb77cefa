// Links to the standards say where they lead.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { sectionName } from "../pure/sections.js";

test("every section to which a verdict links has a name", () => {
  const sources = ["../../crates/fetch-cors/src/browser/words.rs", "../../demo-backend/src/page/verdict.rs"];
  const addresses = sources.flatMap((source) => {
    const text = readFileSync(new URL(source, import.meta.url), "utf8");
    const code = text.replace(/^\s*\/\/.*$/gm, "");
    return [...code.matchAll(/"(https:\/\/[^"]+)"/g)].map(([, address]) => address);
  });
  assert.ok(addresses.length > 15);
  for (const address of addresses) {
    assert.ok(!sectionName(address).startsWith("the standard at"), `${address} has no name`);
    assert.doesNotMatch(sectionName(address), /§|#|concept/, address);
  }
});

test("another section is named for its standard", () => {
  assert.equal(sectionName("https://fetch.spec.whatwg.org/#something-new"), "the standard at fetch.spec.whatwg.org");
});
