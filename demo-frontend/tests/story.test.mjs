// What happened becomes the right steps: who spoke to whom, which gates are open, whether a handler ran.

import assert from "node:assert/strict";
import { test } from "node:test";
import { details } from "../pure/diagram.js";
import { toRequest } from "../pure/state.js";
import { tell } from "../pure/story.js";
import { ALLOW_ORIGIN, allowed, CONFIG, exchange, message, prediction, RUNS } from "./support.mjs";

/** A step in one line. */
function line({ from, to, kind, label, sub, tone, gate, handler }) {
  const marks = [tone === "plain" ? "" : tone, gate === null ? "" : `gate ${gate}`, handler ? "handler" : ""];
  return [`${from} > ${to}`, kind, label, sub, marks.filter(Boolean).join(", ")].join(" | ");
}

const CALL = 'page > browser | call | fetch("notes") | the page’s script | ';
const GET = "browser > api | request | GET notes | Origin: localhost:3000 | ";
const PUT = "browser > api | request | PUT notes/1 | Origin: localhost:3000 | ";
const PREFLIGHT = "browser > api | preflight | OPTIONS notes/1 | may I PUT with content-type? | ";
const READ = "browser > page | result | status 200 | the script reads it | good";
const NOTHING = "browser > page | result | TypeError | no response | bad";

/** @type {Record<keyof typeof RUNS, string[]>} */
const STEPS = {
  expected: [
    CALL,
    GET,
    "api > browser | response | 200 OK | no allow-origin | bad, gate shut",
    "browser > page | result | an error | no response | bad",
  ],
  blocked: [CALL, GET, "api > browser | response | 200 OK | no allow-origin | bad, gate shut, handler", NOTHING],
  allowed: [
    CALL,
    "browser > api | request | GET notes | Origin: localhost:3000, with cookie | ",
    "api > browser | response | 200 OK | allow-origin: localhost:3000 | good, gate open, handler",
    READ,
  ],
  "preflight granted": [
    CALL.replace("notes", "notes/1"),
    PREFLIGHT,
    "api > browser | preflight-response | 204 No Content | allow-methods: PUT, allow-headers: content-type | good, gate open",
    PUT,
    "api > browser | response | 200 OK | allow-origin: localhost:3000 | good, gate open, handler",
    READ,
  ],
  "preflight refused": [
    CALL.replace("notes", "notes/1"),
    PREFLIGHT,
    "api > browser | preflight-response | 204 No Content | no allow-methods | bad, gate shut",
    "browser > api | not-sent | PUT notes/1 | never sent | bad",
    NOTHING,
  ],
  redirected: [
    CALL.replace("notes", "redirect"),
    GET.replace("notes", "redirect"),
    "api > browser | response | 302 Found | allow-origin: localhost:3000 | good, gate open, handler",
    GET.replace("notes", "127.0.0.1:8080/api/notes"),
    "api > browser | response | 200 OK | allow-origin: localhost:3000 | good, gate open, handler",
    READ,
  ],
  "redirected away": [
    CALL.replace("notes", "redirect"),
    GET.replace("notes", "redirect"),
    "api > browser | response | 302 Found | allow-origin: localhost:3000 | good, gate open, handler",
    "browser > site | request | GET /favicon.svg | Origin: null | ",
    "site > browser | response | 200 OK | no allow-origin | bad, gate shut",
    NOTHING,
  ],
  "through the page's server": [
    CALL,
    "browser > site | request | GET notes | no Origin | ",
    "site > api | forwarded | GET notes | forwarded | ",
    "api > site | forwarded-response | 200 OK | no browser here | handler",
    "site > browser | response | 200 OK | same origin: no CORS check | good, gate open",
    READ,
  ],
  "to the second address": [
    CALL,
    GET,
    "api > browser | response | 200 OK | allow-origin: localhost:3000 | good, gate open, handler",
    READ,
  ],
  "never reached the page's server": [CALL, "browser > site | not-sent | GET notes | never arrived | bad", NOTHING],
  "redirected to the attacker": [
    CALL.replace("notes", "redirect"),
    GET.replace("notes", "redirect"),
    "api > browser | response | 302 Found | allow-origin: localhost:3000 | good, gate open, handler",
    "browser > attacker | request | GET / | Origin: null | ",
    "attacker > browser | response | 200 OK | no allow-origin | bad, gate shut",
    NOTHING,
  ],
  opaque: [
    CALL,
    "browser > api | request | GET notes | no Origin | ",
    "api > browser | response | 200 OK |  | opaque, gate opaque, handler",
    "browser > page | result | opaque | nothing to read | opaque",
  ],
  tainted: [
    "page > browser | call | image.src | the page’s script | ",
    "browser > api | request | GET image.png | no Origin | ",
    "api > browser | response | 200 OK |  | opaque, gate opaque, handler",
    "browser > page | result | SecurityError | no response | bad",
  ],
  "never sent": [CALL, "browser > api | not-sent | GET notes | never sent | bad", NOTHING],
  failed: [CALL, "browser > api | not-sent | GET notes | never arrived | bad", NOTHING],
  "an error as a response": [
    CALL.replace("notes", "fail"),
    GET.replace("notes", "fail"),
    "api > browser | response | 500 Internal Server Error | allow-origin: localhost:3000 | good, gate open, handler",
    READ.replace("200", "500"),
  ],
  "out of the cache": [
    CALL,
    GET.replace("api", "cache"),
    "cache > browser | response | 200 OK | no allow-origin | bad, gate shut",
    NOTHING,
  ],
  "a preflight is remembered": [
    CALL.replace("notes", "notes/1"),
    PUT,
    "api > browser | response | 200 OK | allow-origin: localhost:3000 | good, gate open, handler",
    READ,
  ],
  "a path out of the session": [
    CALL.replace("notes", "../../control/config"),
    "browser > api | request | GET ../../control/config | not in this session’s log | ",
    NOTHING,
  ],
  "not predicted, and never arrived": [CALL, "browser > api | not-sent | POST notes | never arrived | bad", NOTHING],
  "without a prediction": [
    CALL,
    GET.replace("3000", "3001"),
    "api > browser | response | no response | no allow-origin | bad, gate shut, handler",
    NOTHING,
  ],
};

test("every run is in the table", () => assert.deepEqual(Object.keys(STEPS), Object.keys(RUNS)));

for (const [name, steps] of Object.entries(STEPS)) {
  test(`the steps: ${name}`, () => assert.deepEqual(tell(RUNS[name]).steps.map(line), steps));
}

test("the call says what the browser drops of it", () => {
  const { prediction, ...rest } = RUNS.allowed;
  const dropped = ["Cookie", "Host"].map((name) => ({ name, why: "forbidden", sentence: "" }));
  const [call] = tell({ ...rest, prediction: { ...prediction, dropped } }).steps;
  assert.equal(call.sub, "the browser drops Cookie, Host");
  assert.deepEqual(call.dropped, ["Cookie", "Host"]);
  const headers = [
    ["Cookie", "a=1"],
    ["x-a", "1"],
  ];
  const shown = details({ ...call, headers }, true).headers;
  assert.deepEqual(
    shown.map((row) => row.dropped),
    [true, false],
  );
});

test("each message has all the headers that were sent, and its body", () => {
  const { steps } = tell(RUNS["preflight granted"]);
  const of = (kind) => steps.find((step) => step.kind === kind);
  const [asked, sent] = RUNS["preflight granted"].exchanges;
  assert.deepEqual(of("preflight").headers, asked.request_headers);
  assert.deepEqual(of("preflight-response").headers, asked.response_headers);
  assert.deepEqual(of("request").headers, sent.request_headers);
  assert.deepEqual(of("response").headers, sent.response_headers);
  assert.equal(of("response").body, sent.body);
  assert.deepEqual(of("result").headers, RUNS["preflight granted"].observation.headers);
  assert.equal(of("result").body, RUNS["preflight granted"].observation.body);
  const call = tell({
    ...RUNS.blocked,
    request: toRequest({ headers: [["x-a", "1"]], body: { type: "form", text: "a=b" } }),
  });
  assert.deepEqual([call.steps[0].headers, call.steps[0].body], [[["x-a", "1"]], "a=b"]);
});

test("before it is sent, messages have the headers that are predicted", () => {
  const [predicted] = RUNS.expected.prediction.messages;
  const { steps } = tell({
    ...RUNS.expected,
    prediction: { ...RUNS.expected.prediction, messages: [{ ...predicted, response_headers: [ALLOW_ORIGIN] }] },
  });
  assert.deepEqual(steps.find(({ kind }) => kind === "request").headers, predicted.request_headers);
  assert.deepEqual(steps.find(({ kind }) => kind === "response").headers, [ALLOW_ORIGIN]);
});

test("the headers that decide are marked", () => {
  for (const [name, kind, decisive] of [
    ["blocked", "request", ["origin"]],
    ["blocked", "response", ["access-control-allow-origin"]],
    ["allowed", "request", ["origin", "cookie"]],
    ["allowed", "response", ["access-control-allow-origin"]],
    ["preflight refused", "preflight", ["origin", "access-control-request-method", "access-control-request-headers"]],
    ["preflight refused", "preflight-response", ["access-control-allow-origin", "access-control-allow-methods"]],
    // What is missing and is not the reason decides nothing.
    ["opaque", "response", []],
    ["tainted", "response", []],
  ]) {
    const step = tell(RUNS[name]).steps.find((one) => one.kind === kind);
    assert.deepEqual(step.decisive, decisive, `${name}, ${kind}`);
  }
});

test("details say in one line what was sent and what came of it", () => {
  for (const [name, kind, title, text] of [
    ["blocked", "request", "The request", `GET ${CONFIG.api}/s/abc/api/notes?run=r1`],
    ["preflight granted", "preflight", "The preflight", `OPTIONS ${CONFIG.api}/s/abc/api/notes/1?run=r1`],
    ["preflight granted", "preflight-response", "The response to the preflight", "204 No Content"],
    ["blocked", "response", "The response", "200 OK"],
    ["blocked", "result", "What the page’s script is given", "TypeError: Failed to fetch"],
    ["expected", "result", "What the page’s script is given", "An error without a reason."],
    ["allowed", "result", "What the page’s script is given", "status 200"],
    [
      "preflight refused",
      "not-sent",
      "A request that was never sent",
      "The response to the preflight did not allow it, so the browser did not send it, and no handler ran.",
    ],
    ["never sent", "not-sent", "A request that was never sent", "The browser refused before it sent anything."],
    ["failed", "not-sent", "A request that never arrived", "No request reached the API. Is it running?"],
  ]) {
    const step = tell(RUNS[name]).steps.find((one) => one.kind === kind);
    assert.deepEqual([step.title, step.line], [title, text], `${name}, ${kind}`);
  }
});

test("the lanes are named by their origins, and the caption says whether it happened", () => {
  const here = { page: "localhost:3000", browser: "yours", api: "localhost:8080" };
  for (const [name, happened, lanes, caption] of [
    ["expected", false, here, "expected, not sent yet"],
    ["blocked", true, here, "as it happened"],
    ["out of the cache", true, { ...here, cache: "shared" }, "as it happened"],
    ["without a prediction", true, { ...here, page: "localhost:3001" }, "as it happened"],
    ["a preflight is remembered", true, here, "as it happened; a preflight is remembered"],
  ]) {
    const told = tell(RUNS[name]);
    assert.deepEqual([told.happened, told.lanes, told.caption], [happened, lanes, caption], name);
  }
  const sandbox = tell({ ...RUNS.blocked, request: toRequest({ page: "sandbox" }) });
  assert.equal(sandbox.lanes.page, "null");
});

test("what the log has and nobody predicted is shown as well", () => {
  const { steps } = tell({
    ...RUNS.blocked,
    prediction: prediction(allowed(), message()),
    exchanges: [exchange(), exchange({ number: 2, path: "session" })],
  });
  assert.deepEqual(
    steps.filter(({ kind }) => kind === "request").map(({ label }) => label),
    ["GET notes", "GET session"],
  );
});

test("the page's server is shown to forward what the browser sent, and no more", () => {
  const { steps, lanes } = tell(RUNS["through the page's server"]);
  const headersOf = (kind) => steps.find((step) => step.kind === kind).headers;
  assert.deepEqual(headersOf("request"), [
    ["host", "localhost:3000"],
    ["via", "1.0 somebody"],
    ["sec-fetch-site", "same-origin"],
  ]);
  assert.deepEqual(headersOf("forwarded"), RUNS["through the page's server"].exchanges[0].request_headers);
  assert.deepEqual(lanes, { page: "localhost:3000", browser: "yours", api: "localhost:8080", site: "localhost:3000" });
  assert.equal(tell(RUNS["to the second address"]).lanes.api, "127.0.0.1:8080");
});
