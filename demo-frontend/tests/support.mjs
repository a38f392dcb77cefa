// What the tests are made of: a Lab's addresses, and messages and exchanges as its server tells of them.

import { toRequest } from "../pure/state.js";

export const CONFIG = {
  api: "http://localhost:8080",
  api_alias: "http://127.0.0.1:8080",
  page: "http://localhost:3000",
  attacker: "http://localhost:3001",
};

export const ALLOW_ORIGIN = ["access-control-allow-origin", CONFIG.page];
const ORIGIN = ["origin", CONFIG.page];

/** A message that the model predicts; by default a `GET` of the notes from the Lab's page. */
export function message(given = {}) {
  const { path = "notes", ...rest } = given;
  const url = path.startsWith("http") ? path : `${CONFIG.api}/s/abc/api/${path}?run=r1`;
  const { origin, pathname } = new URL(url);
  const page = pathname.startsWith("/s/") ? "proxy" : "page";
  const servers = {
    [CONFIG.api]: "api",
    [CONFIG.api_alias]: "second",
    [CONFIG.page]: page,
    [CONFIG.attacker]: "attacker",
  };
  return {
    kind: "request",
    method: "GET",
    url,
    server: servers[origin] ?? null,
    request_headers: [ORIGIN],
    status: 200,
    response_headers: [],
    decisive: ["origin", "access-control-allow-origin"],
    credentials: false,
    cookies: [],
    third_party: false,
    through_cache: null,
    ...rest,
  };
}

/** An exchange as the API's log has it. */
export function exchange(given = {}) {
  const { path = "notes", host = "localhost:8080", request_headers = [ORIGIN], ...rest } = given;
  return {
    number: 1,
    server: host === "127.0.0.1:8080" ? "second" : "api",
    run: "r1",
    at: 0,
    preflight: false,
    method: "GET",
    target: `/s/abc/api/${path}?run=r1`,
    request_headers: [["host", host], ...request_headers],
    reached_handler: true,
    status: 200,
    response_headers: [["content-type", "application/json"]],
    body: '{"notes":[]}',
    through_cache: null,
    ...rest,
  };
}

export function allowed(given = {}) {
  return {
    allowed: true,
    type: "cors",
    status: 200,
    readable: [["content-type", "application/json"]],
    withheld: [],
    sentence: "The page’s script reads the response.",
    cause: "nothing-wrong",
    dangers: [],
    fix: null,
    spec: "https://fetch.spec.whatwg.org/#cors-check",
    ...given,
  };
}

export function blocked(given = {}) {
  return {
    allowed: false,
    step: "cors-check",
    reason: "allow-origin-missing",
    header: "access-control-allow-origin",
    rule: "the response has no Access-Control-Allow-Origin header.",
    cause: "origin-not-listed",
    certain: true,
    sentence: `The origin ${CONFIG.page} is not among those that the server allows.`,
    evidence: ["GET /api/notes: 200, no CORS header"],
    probes: [],
    notes: [],
    fix: {
      place: "policy",
      change: `Add "${CONFIG.page}" to allow_origins.`,
      patch: [{ setting: "allow_origins", add: CONFIG.page }],
      hand: null,
    },
    spec: "https://fetch.spec.whatwg.org/#cors-check",
    console: { chromium: "Access to fetch has been blocked", firefox: "Cross-Origin Request Blocked", webkit: null },
    ...given,
  };
}

export function prediction(verdict, ...messages) {
  return { at: 0, messages, verdict, remembered: false, dropped: [] };
}

/** What the page's script was given: a response. */
export function response(given = {}) {
  return {
    allowed: true,
    type: "cors",
    status: 200,
    headers: [["content-type", "application/json"]],
    body: '{"notes":[]}',
    error: null,
    ...given,
  };
}

/** What the page's script was given: an error. */
export function failure(name = "TypeError", text = "Failed to fetch") {
  return { allowed: false, type: "", status: null, headers: [], body: "", error: { name, message: text } };
}

const PREFLIGHT = [
  ORIGIN,
  ["access-control-request-method", "PUT"],
  ["access-control-request-headers", "content-type"],
];

const put = { method: "PUT", path: "notes/1", body: { type: "application/json", text: "{}" } };
const granted = [
  ALLOW_ORIGIN,
  ["access-control-allow-methods", "PUT"],
  ["access-control-allow-headers", "content-type"],
];
const asks = { kind: "preflight", method: "OPTIONS", path: "notes/1", request_headers: PREFLIGHT };
const asked = {
  preflight: true,
  method: "OPTIONS",
  path: "notes/1",
  request_headers: PREFLIGHT,
  reached_handler: false,
  body: "",
};
const redirects = { path: "redirect", status: 302, response_headers: [ALLOW_ORIGIN, ["location", "/s/abc/api/notes"]] };
const away = [ALLOW_ORIGIN, ["location", `${CONFIG.page}/favicon.svg`]];

/** Runs that end in every way that a request can. */
const ENDS = {
  expected: {
    request: {},
    prediction: prediction(blocked(), message()),
    exchanges: null,
    observation: null,
  },
  blocked: {
    request: {},
    prediction: prediction(blocked(), message()),
    exchanges: [exchange()],
    observation: failure(),
  },
  allowed: {
    request: { credentials: "include" },
    prediction: prediction(allowed(), message({ response_headers: [ALLOW_ORIGIN] })),
    exchanges: [
      exchange({
        request_headers: [ORIGIN, ["cookie", "visitor=1"]],
        response_headers: [["content-type", "application/json"], ALLOW_ORIGIN],
      }),
    ],
    observation: response(),
  },
  "preflight granted": {
    request: put,
    prediction: prediction(
      allowed(),
      message({ ...asks, status: 204, response_headers: granted }),
      message({ method: "PUT", path: "notes/1", response_headers: [ALLOW_ORIGIN] }),
    ),
    exchanges: [
      exchange({ ...asked, status: 204, response_headers: granted }),
      exchange({ number: 2, method: "PUT", path: "notes/1", response_headers: [ALLOW_ORIGIN] }),
    ],
    observation: response(),
  },
  "preflight refused": {
    request: put,
    prediction: prediction(
      blocked({ step: "preflight", reason: "method-not-allowed", header: "access-control-allow-methods" }),
      message({ ...asks, status: 204, response_headers: [ALLOW_ORIGIN] }),
    ),
    exchanges: [exchange({ ...asked, status: 204, response_headers: [ALLOW_ORIGIN] })],
    observation: failure(),
  },
  redirected: {
    request: { path: "redirect", query: "to=notes" },
    prediction: prediction(
      allowed(),
      message(redirects),
      message({ path: `${CONFIG.api_alias}/s/abc/api/notes`, response_headers: [ALLOW_ORIGIN] }),
    ),
    exchanges: [
      exchange({ ...redirects, body: "" }),
      exchange({ number: 2, host: "127.0.0.1:8080", response_headers: [ALLOW_ORIGIN] }),
    ],
    observation: response(),
  },
  "redirected away": {
    request: { path: "redirect", query: `to=${CONFIG.page}/favicon.svg` },
    prediction: prediction(
      blocked(),
      message({ ...redirects, response_headers: away }),
      message({ path: `${CONFIG.page}/favicon.svg`, request_headers: [["origin", "null"]] }),
    ),
    // The page's own server is not the API: its log knows nothing of the second request.
    exchanges: [exchange({ ...redirects, response_headers: away, body: "" })],
    observation: failure(),
  },
  "through the page's server": {
    request: { address: "proxy" },
    prediction: prediction(
      allowed({ type: "basic" }),
      message({ path: `${CONFIG.page}/s/abc/api/notes?run=r1`, request_headers: [] }),
    ),
    exchanges: [
      exchange({
        server: "proxy",
        request_headers: [
          ["via", "1.1 localhost:3000"],
          ["connection", "close"],
          ["via", "1.0 somebody"],
          ["sec-fetch-site", "same-origin"],
        ],
      }),
    ],
    observation: response({ type: "basic" }),
  },
  "to the second address": {
    request: { address: "second" },
    prediction: prediction(allowed(), message({ path: `${CONFIG.api_alias}/s/abc/api/notes?run=r1` })),
    exchanges: [exchange({ host: "127.0.0.1:8080", response_headers: [ALLOW_ORIGIN] })],
    observation: response(),
  },
  "never reached the page's server": {
    request: { address: "proxy" },
    prediction: prediction(allowed(), message({ path: `${CONFIG.page}/s/abc/api/notes?run=r1` })),
    exchanges: [],
    observation: failure(),
  },
  "redirected to the attacker": {
    request: { path: "redirect", query: `to=${CONFIG.attacker}/` },
    prediction: prediction(
      blocked(),
      message({ ...redirects, response_headers: away }),
      message({ path: `${CONFIG.attacker}/`, request_headers: [["origin", "null"]] }),
    ),
    exchanges: [exchange({ ...redirects, response_headers: away, body: "" })],
    observation: failure(),
  },
  opaque: {
    request: { mode: "no-cors" },
    prediction: prediction(allowed({ type: "opaque", status: 0, readable: [] }), message({ request_headers: [] })),
    exchanges: [exchange({ request_headers: [] })],
    observation: response({ type: "opaque", status: 0, headers: [], body: "" }),
  },
  tainted: {
    request: { kind: "canvas", path: "image.png", mode: "no-cors" },
    prediction: prediction(
      blocked({ step: "canvas", reason: "tainted", header: null }),
      message({ path: "image.png", request_headers: [] }),
    ),
    exchanges: [exchange({ path: "image.png", request_headers: [], body: "" })],
    observation: failure("SecurityError", "The canvas has been tainted"),
  },
  "never sent": {
    request: { mode: "same-origin" },
    prediction: prediction(blocked({ step: "main-fetch", reason: "same-origin-mode", header: null })),
    exchanges: [],
    observation: failure(),
  },
  failed: {
    request: {},
    prediction: prediction(allowed(), message({ response_headers: [ALLOW_ORIGIN] })),
    exchanges: [],
    observation: failure("TypeError", "NetworkError"),
  },
  "an error as a response": {
    request: { path: "fail" },
    prediction: prediction(allowed({ status: 500 }), message({ path: "fail", status: 500 })),
    exchanges: [exchange({ path: "fail", status: 500, response_headers: [ALLOW_ORIGIN] })],
    observation: response({ status: 500 }),
  },
  "out of the cache": {
    request: { cached: true },
    prediction: prediction(blocked(), message({ path: `${CONFIG.api}/s/abc/cached/api/notes` })),
    exchanges: [exchange({ reached_handler: false, response_headers: [["x-lab-cache", "hit"]] })],
    observation: failure(),
  },
  "a preflight is remembered": {
    request: put,
    prediction: { ...prediction(allowed(), message({ method: "PUT", path: "notes/1" })), remembered: true },
    exchanges: [exchange({ method: "PUT", path: "notes/1", response_headers: [ALLOW_ORIGIN] })],
    observation: response(),
  },
  "a path out of the session": {
    request: { path: "../../control/config" },
    prediction: null,
    exchanges: [],
    isLogged: false,
    observation: failure(),
  },
  "not predicted, and never arrived": {
    request: { method: "POST", body: { type: "text/plain", text: "x".repeat(20_000) } },
    prediction: null,
    exchanges: [],
    observation: failure(),
  },
  "without a prediction": {
    request: { page: "attacker" },
    prediction: null,
    exchanges: [exchange({ request_headers: [["origin", CONFIG.attacker]], status: null })],
    observation: failure(),
  },
};

/** The runs by name, each as the page knows it. */
export const RUNS = Object.fromEntries(
  Object.entries(ENDS).map(([name, { request, ...rest }]) => [
    name,
    { request: toRequest(request), config: CONFIG, isLogged: true, ...rest },
  ]),
);
