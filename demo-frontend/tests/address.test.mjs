// A situation becomes an address, and an address becomes the same situation, whoever wrote it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fromFragment, opened, toFragment } from "../pure/address.js";
import { effective, KINDS, LISTS, newRun, noPolicy, toHand, toPolicy, toRequest, urlOf } from "../pure/state.js";
import { CONFIG } from "./support.mjs";

const FREE = { policy: noPolicy(), hand: toHand({}), request: toRequest({}), lesson: null, source: "form" };

/** One value for every field that differs from the default. */
const REQUESTS = {
  server: "hand",
  kind: "xhr",
  method: "PATCH",
  path: "notes/2",
  query: "to=a&b=%20#c",
  headers: [
    ["x-a", "1"],
    ["x-a", "2"],
    ["x-emoji", "“🙂” & + %"],
  ],
  body: { type: "application/json", text: '{"a": "b\\nc + d & e"}' },
  credentials: "include",
  mode: "no-cors",
  redirect: "error",
  cached: true,
  address: "second",
  page: "attacker",
  page_address_space: "public",
  same_url: true,
};

const RESPONSES = {
  status: 302,
  headers: [
    ["access-control-allow-origin", "*"],
    ["access-control-allow-origin", "http://localhost:3000/"],
    ["x-emoji", "“🙂” & + %"],
  ],
  redirect: "notes/1?a=b#c",
  delay_ms: 5000,
  close: true,
};

const POLICIES = {
  allow_origins: ["https://*.example.com", "*"],
  allow_methods: ["PUT"],
  allow_headers: ["x-a", "content-type"],
  expose_headers: ["etag"],
  allow_credentials: true,
  max_age: 0,
  danger_allow_origins: ["http://192.168.1.20:5173"],
};

test("what a new reader finds has no fragment", () => assert.equal(toFragment(FREE), ""));

test("each field of a request comes back from the address", () => {
  assert.deepEqual(Object.keys(REQUESTS).toSorted(), Object.keys(toRequest({})).toSorted());
  for (const [field, value] of Object.entries(REQUESTS)) {
    const request = toRequest({ [field]: value });
    assert.deepEqual(request[field], value, field);
    const hash = toFragment({ ...FREE, request });
    assert.notEqual(hash, "", field);
    assert.deepEqual(opened(hash, []), { ...FREE, request }, field);
  }
});

test("each field of a policy comes back from the address", () => {
  for (const [field, value] of Object.entries(POLICIES)) {
    const policy = toPolicy({ [field]: value });
    assert.deepEqual(policy[field], value, field);
    const hash = toFragment({ ...FREE, policy });
    assert.notEqual(hash, "", field);
    assert.deepEqual(opened(hash, []), { ...FREE, policy }, field);
  }
});

test("each field of a server written by hand comes back from the address", () => {
  assert.deepEqual(Object.keys(RESPONSES), Object.keys(toHand({}).response));
  for (const part of ["preflight", "response"]) {
    for (const [field, value] of Object.entries(RESPONSES)) {
      const hand = toHand({ [part]: { [field]: value } });
      assert.deepEqual(hand[part][field], value, field);
      const hash = toFragment({ ...FREE, hand });
      assert.notEqual(hash, "", field);
      assert.deepEqual(opened(hash, []), { ...FREE, hand }, field);
    }
  }
});

test("all of them at once come back, and so does the lesson", () => {
  const lesson = { id: "preflights", policy: {}, request: {} };
  const situation = {
    policy: toPolicy(POLICIES),
    hand: toHand({ preflight: RESPONSES }),
    request: toRequest(REQUESTS),
    lesson: "preflights",
    source: "form",
  };
  const hash = toFragment(situation);
  assert.deepEqual(fromFragment(hash), situation);
  assert.deepEqual(opened(hash, [lesson]), { ...situation, lesson });
});

test("the kind's own path is not written down", () => {
  for (const [kind, { path }] of Object.entries(KINDS)) {
    const hash = toFragment({ ...FREE, request: toRequest({ kind }) });
    assert.equal(fromFragment(hash).request?.path ?? "notes", path, kind);
    assert.ok(!hash.includes("path"), kind);
  }
});

test("with the file's policy the address names the file, and neither policy nor server", () => {
  const hand = toHand({ preflight: RESPONSES });
  const hash = toFragment({ ...FREE, policy: toPolicy(POLICIES), hand, source: "file" });
  assert.equal(hash, "#source=file");
  assert.deepEqual(fromFragment(hash), { policy: null, hand: null, request: null, lesson: null, source: "file" });
  const opening = opened(`${hash}&request={"server":"hand"}`, []);
  assert.equal(opening.request.server, "policy", "the file's session has no server written by hand");
});

test("what a link says counts before what its lesson says", () => {
  const lesson = {
    id: "a",
    policy: { allow_origins: ["https://a.example"] },
    hand: { response: { status: 500 } },
    request: { method: "PUT", path: "notes/1" },
    same_url: true,
  };
  const policy = JSON.stringify({ allow_methods: ["DELETE"] });
  const request = JSON.stringify({ method: "DELETE" });
  const hand = JSON.stringify({ preflight: { status: 401 } });
  for (const [hash, wanted] of [
    ["#lesson=a", { policy: toPolicy(lesson.policy), request: { ...toRequest(lesson.request), same_url: true } }],
    [`#lesson=a&policy=${policy}`, { policy: toPolicy({ allow_methods: ["DELETE"] }) }],
    [`#lesson=a&request=${request}`, { request: toRequest({ method: "DELETE" }) }],
    ["#lesson=a", { hand: toHand(lesson.hand) }],
    [`#lesson=a&hand=${hand}`, { hand: toHand({ preflight: { status: 401 } }) }],
    [
      `#policy=${policy}&request=${request}`,
      { lesson: null, policy: toPolicy({ allow_methods: ["DELETE"] }), request: toRequest({ method: "DELETE" }) },
    ],
    // Lessons have a policy of their own; the file's can't stand in for it.
    ["#lesson=a&source=file", { source: "form" }],
    ["#source=file", { source: "file", lesson: null }],
    ["#lesson=gone", { lesson: null, policy: noPolicy(), request: toRequest({}) }],
  ]) {
    const found = opened(hash, [lesson]);
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(found[key], value, `${hash}: ${key}`);
  }
});

test("garbage in a link is left out, and never breaks the page", () => {
  for (const [hash, policy, request] of [
    ["#policy={&request=[", noPolicy(), toRequest({})],
    ["#policy=null&request=null", noPolicy(), toRequest({})],
    ["#policy=7&request=%22x%22", noPolicy(), toRequest({})],
    ["#policy=[1]&request=[[]]", noPolicy(), toRequest({})],
    ["#%E0%A4%A&policy", noPolicy(), toRequest({})],
    [
      '#policy={"allow_origins":"*","allow_methods":[1,"PUT",null],"max_age":-1}',
      toPolicy({ allow_methods: ["PUT"] }),
      toRequest({}),
    ],
    ['#policy={"max_age":1.5,"allow_credentials":"yes","more":1}', noPolicy(), toRequest({})],
    ['#request={"kind":"telepathy","mode":"navigate","page":0,"method":7}', noPolicy(), toRequest({})],
    [
      '#request={"headers":[["x"],"y",["a",1],["b",2,3]],"body":{"type":"none","text":"x"}}',
      noPolicy(),
      toRequest({ headers: [["a", "1"]] }),
    ],
    ['#request={"body":{"type":"form","text":7},"cached":"yes"}', noPolicy(), toRequest({})],
    ['#request={"__proto__":{"path":"x"},"constructor":1}', noPolicy(), toRequest({})],
  ]) {
    const found = opened(hash, []);
    assert.deepEqual([found.policy, found.request], [policy, request], hash);
  }
});

test("garbage in a link's server is left out", () => {
  for (const [hand, wanted] of [
    ["{", {}],
    ["null", {}],
    ["[]", {}],
    ['{"preflight":7,"response":[{}]}', {}],
    ['{"response":{"status":"200","delay_ms":-1,"close":"yes","redirect":7,"headers":"x"}}', {}],
    ['{"response":{"status":1.5,"delay_ms":1e9}}', {}],
    ['{"response":{"headers":[["a"],"b",["c",1],["d",2,3],null]}}', { response: { headers: [["c", "1"]] } }],
    ['{"response":{"body":"<script>"},"more":{}}', {}],
    ['{"__proto__":{"response":{"status":500}}}', {}],
  ]) {
    assert.deepEqual(opened(`#hand=${hand}`, []).hand, toHand(wanted), hand);
  }
});

/** What a page says of a body in JSON. */
const JSON_TYPE = ["content-type", "application/json"];

test("a kind's request is what the kind can carry", () => {
  const all = toRequest({ ...REQUESTS, credentials: "omit", mode: "same-origin" });
  const plain = {
    method: "GET",
    headers: [],
    body: null,
    redirect: "follow",
    mode: "cors",
    credentials: "same-origin",
  };
  for (const [kind, wanted] of Object.entries({
    fetch: {
      method: "PATCH",
      headers: [...all.headers, JSON_TYPE],
      body: all.body,
      redirect: "error",
      mode: "same-origin",
      credentials: "omit",
    },
    xhr: { ...plain, method: "PATCH", headers: [...all.headers, JSON_TYPE], body: all.body },
    font: plain,
    image: { ...plain, mode: "no-cors", credentials: "include" },
    "image-cors": plain,
    canvas: plain,
    module: plain,
    events: plain,
  })) {
    const { method, headers, body, redirect, mode, credentials } = effective({ ...all, kind });
    assert.deepEqual({ method, headers, body, redirect, mode, credentials }, wanted, kind);
  }
  for (const kind of ["fetch", "xhr", "image-cors", "canvas", "module", "events"]) {
    assert.equal(effective({ ...all, kind, credentials: "include" }).credentials, "include", kind);
  }
  assert.equal(effective({ ...all, kind: "font", credentials: "include" }).credentials, "same-origin");
});

test("only JSON without a type of its own is given one", () => {
  const text = "x";
  for (const [request, wanted] of [
    [{ headers: [], body: null }, []],
    [{ headers: [["x-a", "1"]], body: { type: "form", text } }, [["x-a", "1"]]],
    [{ headers: [], body: { type: "text/plain", text } }, []],
    [
      { headers: [["x-a", "1"]], body: { type: "application/json", text } },
      [
        ["x-a", "1"],
        ["content-type", "application/json"],
      ],
    ],
    [{ headers: [["Content-Type", "a/b"]], body: { type: "application/json", text } }, [["Content-Type", "a/b"]]],
  ]) {
    assert.deepEqual(effective(toRequest(request)).headers, wanted);
  }
});

test("a request's URL has its session, its query and its run", () => {
  for (const [session, given, run, url] of [
    ["default", {}, null, "/api/notes"],
    ["abc", {}, "r1", "/s/abc/api/notes?run=r1"],
    ["abc", { cached: true, query: "a=b" }, "r1", "/s/abc/cached/api/notes?a=b&run=r1"],
    ["abc", { server: "hand" }, "r1", "/s/abc/hand/notes?run=r1"],
    ["abc", { server: "hand", cached: true }, null, "/s/abc/cached/hand/notes"],
    ["abc", { path: "redirect", query: "to=x" }, null, "/s/abc/api/redirect?to=x"],
  ]) {
    assert.equal(urlOf(CONFIG, session, toRequest(given), run), CONFIG.api + url);
  }
});

test("runs have names of their own", () => {
  const names = new Set(Array.from({ length: 100 }, newRun));
  assert.equal(names.size, 100);
  for (const name of names) assert.match(name, /^[a-z0-9]{12}$/);
});

test("lists of a policy are what the page shows", () => {
  assert.deepEqual(
    [...LISTS].sort(),
    Object.keys(POLICIES)
      .filter((key) => Array.isArray(POLICIES[key]))
      .sort(),
  );
});
