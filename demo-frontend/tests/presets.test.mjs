// The classics are whole, and a header list is a text and back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromFragment, toFragment } from "../pure/address.js";
import { fromLines, toLines } from "../pure/headers.js";
import { readPresets } from "../pure/presets.js";
import { noPolicy, toRequest } from "../pure/state.js";
import { CONFIG } from "./support.mjs";

const json = readFileSync(new URL("../servers/presets.json", import.meta.url), "utf8");

test("each preset is sent to the server that it writes, and fits into a link", () => {
  const presets = readPresets(json, CONFIG);
  assert.ok(presets.length >= 12);
  for (const { id, title, text, hand, request, before } of presets) {
    assert.doesNotMatch(JSON.stringify([hand, request]), /\{(page|api|attacker)\}/, id);
    assert.equal(request.server, "hand", id);
    for (const earlier of before) assert.equal(toRequest(earlier).server, "hand", id);
    assert.ok(title.length < 45 && text.endsWith("."), id);
    const hash = toFragment({ policy: noPolicy(), hand, request, lesson: null, source: "form" });
    const { hand: written, request: sent } = fromFragment(hash);
    assert.deepEqual([written, sent], [hand, request], id);
  }
});

test("headers are lines, and lines are headers", () => {
  for (const [text, headers] of [
    ["", []],
    ["\n  \n", []],
    ["a: b", [["a", "b"]]],
    [
      "a: 1\na: 2",
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    ["a:b:c", [["a", "b:c"]]],
    ["a", [["a", ""]]],
    [":a: b", [[":a", "b"]]],
    ["  a :  b  \r", [["a", "b"]]],
  ]) {
    assert.deepEqual(fromLines(text), headers, JSON.stringify(text));
    assert.deepEqual(fromLines(toLines(headers)), headers, JSON.stringify(text));
  }
});
