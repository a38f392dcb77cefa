// What the page's server responds with, and what the page makes of it.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { ControlError, predict, putPolicy, readConfig } from "../app/control.js";

const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

/** The server responds with this. */
function respond(status, body) {
  globalThis.fetch = async () => new Response(body, { status, headers: { "content-type": "application/json" } });
}

test("what is refused in the body of a 200 is an error", async () => {
  const problems = [
    { setting: "max_age", index: null, line: null, value: "-1", kind: "x", suggestions: [], message: "no" },
  ];
  for (const [status, call] of [
    [404, () => readConfig()],
    [413, () => putPolicy("abc", {})],
    [422, () => putPolicy("abc", {})],
    [422, () => predict("abc", {})],
  ]) {
    respond(200, JSON.stringify({ refused: { status, error: "why", problems } }));
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ControlError);
      assert.deepEqual([error.status, error.message, error.problems], [status, "why", problems]);
      return true;
    });
  }
});

test("what is not refused is returned; what is not JSON, or an error all the same, is thrown", async () => {
  respond(200, '{"page":"http://localhost:3000"}');
  assert.deepEqual(await readConfig(), { page: "http://localhost:3000" });
  respond(200, "<html>");
  await assert.rejects(() => readConfig(), SyntaxError);
  respond(502, "bad gateway");
  await assert.rejects(
    () => readConfig(),
    (error) => error instanceof ControlError && error.status === 502,
  );
});
