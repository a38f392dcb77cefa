// A request to the reader's own API: what a link may say of it, what is sent, and how it is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  disagreement,
  fromOwnFragment,
  isSafe,
  orderOf,
  ownCommand,
  ownRequest,
  ownRun,
  ownSent,
  targetNotes,
  toOwnFragment,
} from "../pure/own.js";
import { tell } from "../pure/story.js";
import { predictedBox } from "../pure/verdict.js";
import { ALLOW_ORIGIN, allowed, blocked, failure, response } from "./support.mjs";

const PAGE = "http://localhost:3000";
const ORIGIN = ["origin", PAGE];
const URL_OF_ITEMS = "http://localhost:5000/items";

const own = (request = {}, rest = {}) => ({ url: URL_OF_ITEMS, request: ownRequest(request), cookies: "", ...rest });

const message = (given = {}) => ({
  kind: "request",
  method: "GET",
  url: URL_OF_ITEMS,
  request_headers: [ORIGIN],
  status: 200,
  failure: null,
  response_headers: [],
  decisive: ["origin", "access-control-allow-origin"],
  body: "[]",
  ...given,
});

const view = (given = {}) => ({
  messages: [message()],
  verdict: blocked(),
  follow: false,
  targets: [],
  ...given,
});

test("a link fills in the form, and no more than that", () => {
  const written = own({
    method: "PUT",
    headers: [["x-a", "1 & 2"]],
    body: { type: "application/json", text: '{"a": "#"}' },
    credentials: "include",
  });
  assert.deepEqual(fromOwnFragment(toOwnFragment(written)), written);
  // Nothing in a link sends, confirms, or changes what kind of request it is.
  const hostile = `#url=${encodeURIComponent(URL_OF_ITEMS)}&send=1&confirmed=true&cookies=a%3D1&request=${encodeURIComponent(
    JSON.stringify({
      method: "DELETE",
      mode: "no-cors",
      redirect: "manual",
      kind: "module",
      page: "attacker",
      confirmed: true,
      cookies: "a=1",
      path: "x",
    }),
  )}`;
  assert.deepEqual(fromOwnFragment(hostile), own({ method: "DELETE" }));
  for (const bad of ["", "#", "#request=", "#request=%7B", "#request=null", "#request=[]", "#request=1"]) {
    assert.deepEqual(fromOwnFragment(bad), own({}, { url: "" }), bad);
  }
});

test("a link holds no secrets", () => {
  const secrets = [
    "Authorization",
    "Cookie",
    "X-API-Key",
    "x-csrf-token",
    "X-Auth",
    "x-amz-security-token",
    "X-Session-Id",
  ];
  const headers = [...secrets.map((name) => [name, "hidden"]), ["x-request-id", "1"]];
  const fragment = toOwnFragment(own({ headers }, { cookies: "session=hidden" }));
  assert.doesNotMatch(fragment, /hidden/);
  assert.deepEqual(fromOwnFragment(fragment).request.headers, [["x-request-id", "1"]]);
});

test("methods that may change something are those that HTTP does not call safe", () => {
  for (const method of ["GET", "get", "HEAD", "OPTIONS"]) assert.ok(isSafe(method), method);
  for (const method of ["POST", "PUT", "put", "PATCH", "DELETE", "MOVE", "GETT", ""])
    assert.ok(!isSafe(method), method);
});

test("the page follows redirects only where the Lab has checked them", () => {
  assert.equal(orderOf(own(), view()).redirect, "manual");
  assert.equal(orderOf(own(), view({ follow: true })).redirect, "follow");
  const order = orderOf(own({ method: "PUT", body: { type: "application/json", text: "{}" } }), view());
  assert.deepEqual(order, {
    kind: "fetch",
    path: URL_OF_ITEMS,
    url: URL_OF_ITEMS,
    method: "PUT",
    headers: [["content-type", "application/json"]],
    body: { type: "application/json", text: "{}" },
    credentials: "same-origin",
    mode: "cors",
    redirect: "manual",
  });
});

test("the cors-doctor command does the same", () => {
  assert.equal(ownCommand(own(), PAGE), `cors-doctor check ${URL_OF_ITEMS} --origin ${PAGE}`);
  const written = own(
    {
      method: "PUT",
      headers: [["authorization", "Bearer it's"]],
      body: { type: "text/plain", text: "a" },
      credentials: "include",
    },
    { cookies: "session=abc; b=c" },
  );
  assert.equal(
    ownCommand(written, PAGE),
    `cors-doctor check ${URL_OF_ITEMS} --origin ${PAGE} -X PUT -H 'authorization: Bearer it'\\''s' --credentials -b 'session=abc; b=c' -d a`,
  );
  assert.match(ownCommand(own({}, { url: "http://a.example/$(id)" }), PAGE), /'http:\/\/a\.example\/\$\(id\)'/);
});

/** The story's steps, a line each. */
const steps = (request, given, observation) =>
  tell(ownRun(own(request), view(given), observation, PAGE)).steps.map(
    ({ kind, label, sub, gate }) => `${kind} | ${label} | ${sub} | ${gate}`,
  );

test("the diagram shows the Lab's requests and the browser's result", () => {
  assert.deepEqual(steps({}, {}, failure()), [
    'call | fetch("/items") | the page’s script | null',
    "request | GET /items | Origin: localhost:3000 | null",
    "response | 200 OK | no allow-origin | shut",
    "result | TypeError | no response | null",
  ]);
  const granted = { verdict: allowed(), messages: [message({ response_headers: [ALLOW_ORIGIN] })] };
  assert.deepEqual(steps({}, granted, response()).slice(2), [
    "response | 200 OK | allow-origin: localhost:3000 | open",
    "result | status 200 | the script reads it | null",
  ]);
});

test("a server that does not respond is told as that", () => {
  const refused = { status: null, failure: "connection refused: nothing listens there", response_headers: [] };
  const given = {
    messages: [message(refused)],
    verdict: blocked({ step: "network", reason: "no-response", header: null }),
  };
  assert.equal(
    steps({}, given, failure())[2],
    "response | no response | connection refused: nothing listens there | null",
  );
});

test("what was not sent has no end", () => {
  const preflight = message({
    kind: "preflight",
    method: "OPTIONS",
    status: 204,
    request_headers: [ORIGIN, ["access-control-request-method", "PUT"]],
    response_headers: [ALLOW_ORIGIN, ["access-control-allow-methods", "PUT"]],
  });
  const given = { messages: [preflight], verdict: null };
  assert.deepEqual(
    steps({ method: "PUT" }, given, null).map((step) => step.split(" ")[0]),
    ["call", "preflight", "preflight-response"],
  );
  assert.equal(ownSent(own(), view(given), failure()), null);
});

test("it says where the browser and the Lab's own request differ", () => {
  const sent = (verdict, observation) => ownSent(own(), view({ verdict }), observation);
  assert.equal(disagreement(sent(blocked(), failure())), null);
  assert.equal(disagreement(sent(allowed(), response())), null);
  assert.match(disagreement(sent(allowed(), failure())), /Your browser blocked/);
  assert.match(disagreement(sent(blocked(), response())), /Your browser allowed/);
  const redirected = response({ type: "opaqueredirect", status: 0, headers: [], body: "" });
  assert.match(disagreement(sent(allowed(), redirected)), /was redirected/);
  assert.deepEqual(predictedBox(sent(blocked(), failure()).prediction).outcome, "blocked");
});

test("it says what it cannot guarantee", () => {
  const named = { host: "api.test", addresses: ["[::1]:80", "127.0.0.1:80"], fixed: false };
  const here = { host: "localhost:5000", addresses: ["127.0.0.1:5000"], fixed: true };
  assert.equal(targetNotes([here]).length, 1);
  const notes = targetNotes([named, here]);
  assert.match(notes[0], /`api\.test`.*\[::1\]:80 and 127\.0\.0\.1:80/);
  assert.match(notes[1], /`localhost:5000`/);
  assert.match(notes[2], /looks up `api\.test` by itself.*can’t make it use the same address/);
});
