// What a pasted error comes to, as the page shows it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { problemOf, toShow } from "../pure/import.js";
import { DEFAULT_REQUEST, toHand } from "../pure/state.js";

/** What the server makes of a paste. */
function imported(fields = {}) {
  return {
    kind: "message",
    title: "Chrome says: The response has no Access-Control-Allow-Origin header.",
    request: DEFAULT_REQUEST,
    hand: toHand({}),
    not_here: null,
    known: ["Your page is https://app.example."],
    unknown: ["The status. Here it is 200."],
    left_out: [],
    causes: [{ names: ["no-cors"], what: "The server has no CORS at all.", fix: "Add CORS." }],
    certain: false,
    excludes: [],
    evidence: [],
    to_settle: ["GET https://api.example/ without cookies and Authorization"],
    command: "cors-doctor check https://api.example/ --origin https://app.example",
    ...fields,
  };
}

test("an empty or an overlong text is refused before it is read", () => {
  for (const [text, said] of [
    ["", /^Nothing was pasted yet\./],
    [" \n\t ", /^Nothing was pasted yet\./],
    ["a".repeat((1 << 20) + 1), /longer than 1 MB/],
    ["é".repeat((1 << 19) + 1), /longer than 1 MB/],
  ]) {
    assert.match(problemOf(text) ?? "", said);
  }
  for (const text of ["curl https://api.example/", "a".repeat(1 << 20), "é".repeat(1 << 19)]) {
    assert.equal(problemOf(text), null);
  }
});

test("what is empty is not shown, and nothing is said to be sent", () => {
  const shown = toShow(imported());
  assert.deepEqual(
    shown.parts.map(({ name }) => name),
    ["known", "unknown", "to-settle"],
  );
  assert.match(shown.state, /Nothing is sent until you send it\.$/);
  assert.equal(shown.canSend, true);
});

test("a cause is called certain only if it is", () => {
  const two = [...imported().causes, { names: ["hidden-error"], what: "An error.", fix: "" }];
  for (const [fields, title] of [
    [{ certain: true }, /certain, because the text rules out all others/],
    [{}, /^Likely, but not certain$/],
    [{ causes: two }, /^Causes that fit/],
    [{ causes: [] }, null],
  ]) {
    const { causesTitle } = toShow(imported(fields));
    if (title === null) assert.equal(causesTitle, null);
    else assert.match(causesTitle ?? "", title);
  }
  // Nothing is left to settle then.
  assert.ok(!toShow(imported({ certain: true })).parts.some(({ name }) => name === "to-settle"));
});

test("what the Lab can't show changes nothing, and can't be sent", () => {
  const shown = toShow(imported({ not_here: "The Lab is served over http." }));
  assert.equal(shown.canSend, false);
  assert.equal(shown.state, "The Lab is served over http. Nothing here was changed.");
});

test("a title is a sentence", () => {
  assert.equal(toShow(imported({ title: "A response with the status 200" })).title, "A response with the status 200.");
  assert.match(toShow(imported()).title, /header\.$/);
});
