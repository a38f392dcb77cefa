// What is true of a run: one row per condition, with runs that meet it and runs that don't.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Attempt } from "../app/attempt.js";
import { isMet, isMetByStanding, isOfStanding, trueOf } from "../pure/goal.js";
import { effective, toPolicy, toRequest } from "../pure/state.js";
import { exchange, failure, response } from "./support.mjs";

const policy = (given) => ({ policy: toPolicy(given) });
const request = (given) => ({ request: toRequest(given) });
const seen = (...exchanges) => ({ exchanges });
const got = (observation) => ({ observation });
const preflight = exchange({ preflight: true, reached_handler: false });

const stored = (text) => ({ notes: [{ id: 1, text }], visits: 1 });
const opaque = response({ type: "opaque", status: 0, headers: [], body: "" });
const origins = (...is) => ({
  origins: [
    ["https://a.example", true, is[0]],
    ["https://b.example", false, is[1]],
  ],
});

/** @type {[string, import("../pure/goal.js").Check, object[], object[]][]} condition, what meets it, what doesn't */
const ROWS = [
  ["readable", { outcome: "readable" }, [got(response())], [got(failure()), got(opaque)]],
  ["opaque", { outcome: "opaque" }, [got(opaque)], [got(failure()), got(response())]],
  ["blocked", { outcome: "blocked" }, [got(failure())], [got(response()), got(opaque)]],
  [
    "a part of the body",
    { body_has: "code" },
    [got(response({ body: "the code" }))],
    [got(response()), got(failure())],
  ],
  ["unreadable headers", { unreadable: ["ETag"] }, [got(response())], [got(response({ headers: [["etag", "1"]] }))]],
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
    "requests",
    { requests: 1 },
    [seen(exchange()), seen(preflight, exchange())],
    [seen(), seen(preflight), seen(exchange(), exchange())],
  ],
  [
    "a change",
    { changed: true },
    [{ before: stored("a"), after: stored("b") }],
    [{}, { before: stored("a"), after: { ...stored("a"), visits: 2 } }, { before: null, after: stored("a") }],
  ],
  ["no change", { changed: false }, [{ before: stored("a"), after: stored("a") }], [{}]],
  [
    "the API's status",
    { api_status: 500 },
    [seen(exchange({ status: 500 })), seen(exchange(), exchange({ status: 500 }))],
    [seen(), seen(exchange({ status: 500 }), exchange()), seen({ ...preflight, status: 500 })],
  ],
  [
    "headers of the request",
    { sent: { "x-a": "1", cookie: false } },
    [seen(exchange({ request_headers: [["X-A", "1"]] }))],
    [
      // Of a request that was not sent nothing is known, not even what it lacks.
      seen(),
      seen(preflight),
      seen(exchange({ request_headers: [["x-a", "2"]] })),
      seen(
        exchange({
          request_headers: [
            ["x-a", "1"],
            ["cookie", "b=c"],
          ],
        }),
      ),
    ],
  ],
  ["a header that is absent", { sent: { cookie: false } }, [seen(exchange())], [seen(), seen(preflight)]],
  [
    "headers of the response, all lines of one name",
    { got: { "x-a": "1, 2", "x-b": true } },
    [
      seen(
        exchange({
          response_headers: [
            ["x-a", "1"],
            ["x-b", ""],
            ["x-a", "2"],
          ],
        }),
      ),
    ],
    [
      seen(),
      seen(exchange({ response_headers: [["x-a", "1"]] })),
      seen(exchange({ response_headers: [["x-a", "1, 2"]] })),
    ],
  ],
  [
    "a preflight's status and headers",
    { preflight_status: 401, preflight_sent: { "x-a": true }, preflight_got: { "x-b": false } },
    [seen({ ...preflight, status: 401, request_headers: [["x-a", "1"]] })],
    [
      seen(),
      seen({ ...preflight, request_headers: [["x-a", "1"]] }),
      seen({ ...preflight, status: 401, request_headers: [] }),
      seen({ ...preflight, status: 401, request_headers: [["x-a", "1"]], response_headers: [["x-b", "1"]] }),
    ],
  ],
  [
    "a refusal",
    { refused: "allow_origins" },
    [{ refused: new Set(["allow_origins"]) }],
    [{ refused: new Set(["allow_methods"]) }, {}],
  ],
  ["the origins", { origins: true }, [origins(true, false)], [origins(true, true), origins(false, false), {}]],
  [
    "one of the origins",
    { allows: { "https://b.example": false } },
    [origins(true, false), origins(false, false)],
    [origins(true, true), {}],
  ],
  [
    "all conditions hold at once",
    { outcome: "readable", preflights: 1 },
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
  origins: [],
  before: null,
  after: null,
};

for (const [name, check, meeting, others] of ROWS) {
  test(`the condition: ${name}`, () => {
    for (const run of meeting) assert.equal(isMet(check, { ...NOTHING, ...run }), true, JSON.stringify(run));
    for (const run of others) assert.equal(isMet(check, { ...NOTHING, ...run }), false, JSON.stringify(run));
    // What the policy alone shows is the same without a run; what takes a run, no policy shows.
    for (const run of [...meeting, ...others]) {
      const whole = { ...NOTHING, ...run };
      assert.equal(isMetByStanding(check, whole), isOfStanding(check) && isMet(check, whole), JSON.stringify(run));
    }
  });
}

test("every condition that a lesson has is in the table", () => {
  const lessons = JSON.parse(readFileSync(new URL("../lessons/lessons.json", import.meta.url), "utf8"));
  const tested = new Set(ROWS.flatMap(([, check]) => Object.keys(check)));
  for (const { id, question, because, goal, before = [] } of lessons) {
    const facts = [...because, ...before.flatMap(({ said }) => said)];
    const checks = [question.yes, ...goal.map(({ check }) => check), ...facts.map(({ when }) => when)];
    for (const condition of checks.flatMap(Object.keys)) assert.ok(tested.has(condition), `${id}: ${condition}`);
  }
});

test("of a lesson's sentences those are said that are true of the run", () => {
  const facts = [
    { when: { outcome: "blocked" }, text: "blocked" },
    { when: { outcome: "readable" }, text: "readable" },
    { when: { outcome: "readable", preflights: 0 }, text: "no preflight" },
  ];
  assert.deepEqual(trueOf(facts, { ...NOTHING, ...got(response()) }), ["readable", "no preflight"]);
  assert.deepEqual(trueOf(facts, { ...NOTHING, ...got(opaque) }), []);
});

const LESSON = {
  id: "a",
  policy: { allow_origins: ["https://a.example"] },
  request: { path: "notes", body: { type: "application/json", text: "{}" }, method: "POST" },
  same_url: true,
  question: { text: "Readable?", yes: { outcome: "readable" }, answer: false },
  because: [
    { when: { outcome: "blocked" }, text: "It was blocked." },
    { when: { outcome: "readable" }, text: "It was readable." },
  ],
  goal: [
    { id: "refused", text: "Try", check: { refused: "allow_origins" } },
    { id: "origins", text: "List", check: { origins: true } },
    { id: "read", text: "Read", check: { outcome: "readable" } },
  ],
  origins: [
    ["https://a.example", true],
    ["https://b.example", false],
  ],
};
// What is sent has the headers that the page's script adds.
const ASKED = effective(toRequest({ ...LESSON.request, same_url: true }));
const run = (observation, given = {}) => ({ ...NOTHING, ...seen(exchange()), request: ASKED, observation, ...given });
const ids = (parts) => parts.map(({ id }) => id);

test("a guess is judged by what the reader's first sending showed, whatever the policy", () => {
  for (const [answer, observation, isRight, because] of [
    [false, failure(), true, "It was blocked."],
    [false, response(), false, "It was readable."],
    [true, response(), true, "It was readable."],
    [true, failure(), false, "It was blocked."],
  ]) {
    const attempt = new Attempt(LESSON);
    assert.equal(attempt.isAsking, true);
    attempt.answer = answer;
    assert.equal(attempt.isAsking, false);
    const { guess } = attempt.judge(run(observation, policy({ allow_origins: ["*"] })));
    assert.deepEqual(guess, { is: "judged now", isRight, because: [because] });
    assert.deepEqual(attempt.judge(run(failure())).guess, { is: "judged before" }, "once");
  }
});

test("a guess about the lesson's request says nothing of another", () => {
  const attempt = new Attempt(LESSON);
  attempt.answer = true;
  for (const changed of [{ path: "session" }, { mode: "no-cors" }, { headers: [] }]) {
    const { guess } = attempt.judge(run(response(), { request: { ...ASKED, ...changed } }));
    assert.deepEqual(guess, { is: "about something else" }, JSON.stringify(changed));
  }
  assert.equal(attempt.judge(run(response())).guess.is, "judged now", "once it is as it was");
});

test("a question about the policy is judged by the policy", () => {
  const question = { text: "b?", yes: { allows: { "https://b.example": true } }, answer: false };
  const because = [
    { when: { allows: { "https://b.example": false } }, text: "It is not listed." },
    { when: { outcome: "blocked" }, text: "It was blocked." },
  ];
  const attempt = new Attempt({ ...LESSON, question, because });
  attempt.answer = false;
  assert.equal(attempt.takeStock(toPolicy({})).guess, null, "as long as nothing is known of the origins");
  attempt.compare([true, false]);
  const { guess } = attempt.takeStock(toPolicy({}));
  assert.deepEqual(guess, { is: "judged now", isRight: true, because: ["It is not listed."] });
  assert.equal(attempt.takeStock(toPolicy({})).guess, null, "once");
  assert.equal(attempt.judge(run(failure())).guess.is, "judged before");
});

test("the parts of a goal are ticked off one by one, each by what reaches it", () => {
  const attempt = new Attempt(LESSON);
  attempt.answer = true;
  assert.deepEqual(ids(attempt.judge(run(failure())).parts), []);
  attempt.refuse([{ setting: "allow_methods" }]);
  assert.deepEqual(ids(attempt.takeStock(toPolicy({})).parts), []);
  attempt.refuse([{ setting: "allow_origins" }]);
  assert.deepEqual(ids(attempt.takeStock(toPolicy({})).parts), ["refused"]);
  assert.deepEqual(ids(attempt.takeStock(toPolicy({})).parts), [], "once");
  assert.deepEqual(ids(attempt.judge(run(response())).parts), ["read"]);
  assert.deepEqual([attempt.reached, attempt.isReached], [["refused", "read"], false]);
  attempt.compare([true, true]);
  assert.deepEqual(ids(attempt.takeStock(toPolicy({})).parts), []);
  attempt.compare([true, false]);
  assert.deepEqual(ids(attempt.takeStock(toPolicy({})).parts), ["origins"]);
  assert.deepEqual([attempt.reached, attempt.isReached], [["refused", "origins", "read"], true]);
});

test("what was reached before the page was loaded is kept, and what is unknown is not", () => {
  const attempt = new Attempt(LESSON, ["read", "gone"]);
  assert.deepEqual([attempt.reached, attempt.isReached], [["read"], false]);
  assert.deepEqual(ids(attempt.judge(run(response())).parts), [], "it is ticked off already");
  assert.deepEqual(new Attempt(LESSON).reached, [], "another attempt begins with nothing");
});
