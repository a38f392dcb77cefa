// Whether a goal is reached: one row per condition, with what reaches it and what does not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Attempt } from "../app/attempt.js";
import { isReached } from "../pure/goal.js";
import { effective, toHand, toPolicy, toRequest } from "../pure/state.js";
import { exchange, failure, response } from "./support.mjs";

const policy = (given) => ({ policy: toPolicy(given) });
const request = (given) => ({ request: toRequest(given) });
const seen = (...exchanges) => ({ exchanges });
const got = (observation) => ({ observation });
const preflight = exchange({ preflight: true, reached_handler: false });

/** @type {[string, import("../pure/goal.js").Check, object[], object[]][]} condition, what reaches it, what doesn't */
const ROWS = [
  ["allowed", { observed: "allowed" }, [got(response())], [got(failure())]],
  ["blocked", { observed: "blocked" }, [got(failure())], [got(response())]],
  ["a status", { status: 201 }, [got(response({ status: 201 }))], [got(response()), got(failure())]],
  [
    "readable headers",
    { readable: ["ETag", "x-a"] },
    [
      got(
        response({
          headers: [
            ["etag", "1"],
            ["X-A", "2"],
          ],
        }),
      ),
    ],
    [got(response({ headers: [["etag", "1"]] })), got(failure())],
  ],
  [
    "part of the request",
    { request: { method: "PUT", body: { type: "form" } } },
    [request({ method: "PUT", body: { type: "form", text: "a" } })],
    [request({ method: "PUT" }), request({ method: "POST", body: { type: "form", text: "a" } })],
  ],
  ["an empty part of the request", { request: { query: "" } }, [request({})], [request({ query: "a" })]],
  ["no preflight", { preflights: 0 }, [seen(), seen(exchange())], [seen(preflight, exchange())]],
  [
    "one preflight",
    { preflights: 1 },
    [seen(preflight), seen(preflight, exchange())],
    [seen(exchange()), seen(preflight, preflight)],
  ],
  [
    "the handler ran",
    { handler_ran: true },
    [seen(exchange())],
    [seen(), seen(preflight), seen(exchange({ reached_handler: false }))],
  ],
  ["the handler did not run", { handler_ran: false }, [seen(), seen(preflight)], [seen(exchange())]],
  [
    "the policy has",
    { policy_has: { allow_origins: ["https://a.example"], allow_credentials: true } },
    [policy({ allow_origins: ["https://b.example", "HTTPS://a.example"], allow_credentials: true })],
    [policy({ allow_origins: ["https://a.example"] }), policy({ allow_origins: [], allow_credentials: true })],
  ],
  [
    "the policy lacks",
    { policy_lacks: { allow_origins: ["*", "null"], allow_credentials: true } },
    [policy({ allow_origins: ["https://a.example"] })],
    [policy({ allow_origins: ["*"] }), policy({ allow_credentials: true })],
  ],
  [
    "out of the cache",
    { cache: "hit" },
    [seen(exchange({ response_headers: [["X-Lab-Cache", "hit"]] }))],
    [seen(exchange({ response_headers: [["x-lab-cache", "miss"]] })), seen(exchange()), seen()],
  ],
  [
    "the attacker gets nothing",
    { attacker: "nothing" },
    [{ ...request({ page: "attacker" }), ...got(failure()) }],
    [
      { ...request({ page: "attacker" }), ...got(response()) },
      { ...request({}), ...got(failure()) },
    ],
  ],
  [
    "the attacker reads",
    { attacker: "read" },
    [{ ...request({ page: "attacker" }), ...got(response()) }],
    [
      { ...request({ page: "attacker" }), ...got(failure()) },
      { ...request({}), ...got(response()) },
    ],
  ],
  [
    "a refusal",
    { refused: "allow_origins" },
    [{ refused: new Set(["allow_origins"]) }],
    [{ refused: new Set(["allow_methods"]) }, {}],
  ],
  ["the origins", { origins: true }, [{ originsAgree: true }], [{ originsAgree: false }]],
  [
    "all conditions hold at once",
    { observed: "allowed", preflights: 1 },
    [{ ...got(response()), ...seen(preflight) }],
    [
      { ...got(response()), ...seen() },
      { ...got(failure()), ...seen(preflight) },
    ],
  ],
];

const NOTHING = {
  ...request({}),
  ...policy({}),
  ...seen(),
  ...got(failure()),
  refused: new Set(),
  originsAgree: false,
};

for (const [name, check, reaching, others] of ROWS) {
  test(`the goal: ${name}`, () => {
    for (const outcome of reaching)
      assert.equal(isReached(check, { ...NOTHING, ...outcome }), true, JSON.stringify(outcome));
    for (const outcome of others)
      assert.equal(isReached(check, { ...NOTHING, ...outcome }), false, JSON.stringify(outcome));
  });
}

test("every condition that a lesson has is in the table", () => {
  const lessons = JSON.parse(readFileSync(new URL("../lessons/lessons.json", import.meta.url), "utf8"));
  const tested = new Set(ROWS.flatMap(([, check]) => Object.keys(check)));
  for (const { id, goal } of lessons) {
    for (const condition of Object.keys(goal.check)) assert.ok(tested.has(condition), `${id}: ${condition}`);
  }
});

test("an attempt remembers what was refused, and tells the answer once", () => {
  const lesson = {
    answer: false,
    origins: [
      ["https://a.example", true],
      ["https://b.example", false],
    ],
    goal: { check: { refused: "allow_origins", origins: true, observed: "allowed" } },
  };
  const outcome = { ...request({}), ...policy({}), hand: toHand({}), ...seen(exchange()), ...got(response()) };
  const attempt = new Attempt(lesson);
  assert.equal(attempt.isAsking, true);
  attempt.answer = false;
  assert.equal(attempt.isAsking, false);
  assert.deepEqual(attempt.judge(outcome), { guess: "judged now", isReached: false });
  attempt.refuse([{ setting: "allow_origins" }]);
  assert.deepEqual(attempt.judge(outcome), { guess: "judged before", isReached: false });
  attempt.compare([true, true]);
  assert.equal(attempt.judge(outcome).isReached, false);
  attempt.compare([true, false]);
  assert.deepEqual(attempt.judge(outcome), { guess: "judged before", isReached: true });
  assert.equal(new Attempt(lesson).judge(outcome).isReached, false, "another attempt begins with nothing");
});

test("a guess is judged by what the question was about, and by nothing else", () => {
  const lesson = {
    answer: false,
    policy: { allow_origins: ["https://a.example"] },
    hand: { response: { status: 500 } },
    request: { path: "notes", body: { type: "application/json", text: "{}" }, method: "POST" },
    same_url: true,
    goal: { check: { observed: "allowed" } },
  };
  // What is sent has the headers that the page's script adds, and settings in the order of the form.
  const asked = effective(toRequest({ ...lesson.request, same_url: true }));
  const begun = {
    policy: { max_age: undefined, ...toPolicy(lesson.policy) },
    hand: toHand(lesson.hand),
    ...seen(exchange()),
    ...got(response()),
  };
  const judged = (given) => new Attempt(lesson).judge({ ...begun, request: asked, ...given }).guess;
  assert.equal(judged({}), "judged now");
  for (const given of [
    policy({}),
    policy({ allow_origins: ["*"] }),
    policy({ ...lesson.policy, max_age: 5 }),
    request({ ...asked, path: "session" }),
    request({ ...asked, mode: "no-cors" }),
    request({ ...asked, headers: [] }),
    request({ ...asked, server: "hand" }),
    { hand: toHand({}) },
    { hand: toHand({ response: { status: 500, headers: [["a", "b"]] } }) },
  ]) {
    assert.equal(judged(given), "about something else", JSON.stringify(given));
  }
  const attempt = new Attempt(lesson);
  assert.equal(attempt.judge({ ...begun, request: asked, ...policy({}) }).guess, "about something else");
  assert.equal(attempt.judge({ ...begun, request: asked }).guess, "judged now", "once it is as it was");
});
