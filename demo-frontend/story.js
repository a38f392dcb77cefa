// What happened, or is expected to happen, as a list of steps for the wire to draw: from the log of the API, from what
// script was given, and, only where the API can't know, from the prediction. Pure: no document, no network.

import { placeOf } from "./place.js";

/**
 * @typedef {import("./control.js").HeaderList} HeaderList
 * @typedef {import("./control.js").Prediction} Prediction
 * @typedef {import("./control.js").Exchange} Exchange
 * @typedef {import("./state.js").LabRequest} LabRequest
 */

/** @typedef {"page" | "browser" | "cache" | "api"} Lane */

/**
 * @typedef {object} Step
 * @property {"call" | "preflight" | "preflight-answer" | "request" | "answer" | "not-sent" | "result"} kind
 * @property {Lane} from
 * @property {Lane} to
 * @property {string} label
 * @property {string} sub
 * @property {"plain" | "good" | "bad" | "opaque"} tone
 * @property {"open" | "shut" | "opaque" | null} gate  what the browser did with an answer
 * @property {boolean} handler  whether a handler of the API ran for it
 * @property {string} title     of its details
 * @property {string} line      the first line of its details
 * @property {HeaderList} headers
 * @property {string[]} decisive
 * @property {string} body
 */

/**
 * One request and its answer, seen or expected.
 *
 * @typedef {object} Leg
 * @property {boolean} preflight
 * @property {string} method
 * @property {string} url
 * @property {HeaderList} sent
 * @property {number | null} status
 * @property {HeaderList} got
 * @property {string[]} decisive
 * @property {boolean} handler
 * @property {string} body
 */

/**
 * @typedef {object} Run
 * @property {LabRequest} request
 * @property {string[]} apis  the origins under which the API answers, its own first
 * @property {string} call  what script wrote, in short
 * @property {Prediction | null} prediction
 * @property {Exchange[] | null} exchanges     null before it is sent
 * @property {Observation | null} observation  likewise
 */

const PHRASES = /** @type {Record<number, string>} */ ({
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
});

/** Which header of an answer a reason to block it speaks of. */
const REASONS = /** @type {[RegExp, string][]} */ ([
  [/^allow-origin/, "access-control-allow-origin"],
  [/^allow-credentials/, "access-control-allow-credentials"],
  [/^(allow-methods|method-not)/, "access-control-allow-methods"],
  [/^(allow-headers|header-not|authorization-not)/, "access-control-allow-headers"],
  [/^resource-policy/, "cross-origin-resource-policy"],
  [/^(redirect-is|location|too-many)/, "location"],
]);

/** What a request says about itself that CORS goes by. */
const ASKING = ["origin", "access-control-request-method", "access-control-request-headers", "cookie"];

/**
 * @param {Run} run
 * @returns {Step[]}
 */
export function tell(run) {
  const { request, prediction, observation } = run;
  const legs = legsOf(run);
  const isAllowed = observation ? observation.allowed : (prediction?.verdict.allowed ?? false);
  const isOpaque = isOpaqueRun(run);

  /** @type {Step[]} */
  const steps = [
    step("call", "page", "browser", {
      label: run.call,
      sub: "script asks",
      title: "What script asked for",
      line: run.call,
      headers: request.headers,
      body: request.body?.text ?? "",
    }),
  ];
  for (const [index, leg] of legs.entries()) {
    const isLast = index === legs.length - 1;
    const passes = !isLast || (isAllowed && !leg.preflight) || (isOpaque && !leg.preflight);
    steps.push(...legSteps(run, leg, passes ? (isLast && isOpaque ? "opaque" : "open") : "shut"));
  }
  const last = legs.at(-1);
  if ((last === undefined || last.preflight) && !isAllowed) steps.push(notSent(run, last));
  steps.push(result(run, isAllowed, isOpaque));
  return steps;
}

/**
 * Whether the answer reaches the page without script being let look into it.
 *
 * @param {Run} run
 */
function isOpaqueRun({ observation, prediction, request }) {
  const verdict = prediction?.verdict;
  if (verdict && !verdict.allowed && verdict.step === "canvas") return true;
  if (observation) return observation.type.startsWith("opaque");
  return request.kind === "image" || (verdict?.allowed === true && verdict.type.startsWith("opaque"));
}

/**
 * @param {Run} run
 * @returns {Leg[]}
 */
function legsOf({ apis, prediction, exchanges }) {
  const messages = prediction?.messages ?? [];
  /** @type {Leg[]} */
  const expected = messages.map((message) => ({
    preflight: message.kind === "preflight",
    method: message.method,
    url: message.url,
    sent: message.request_headers,
    status: message.status,
    got: message.response_headers,
    decisive: message.decisive,
    handler: false,
    body: "",
  }));
  if (exchanges === null) return expected;

  /** @type {Leg[]} */
  const legs = [];
  const seen = [...exchanges];
  for (const leg of expected) {
    if (!apis.includes(new URL(leg.url).origin)) {
      // A redirect led away from the API, which can't know what became of it.
      if (legs.at(-1)?.got.some(([name]) => name.toLowerCase() === "location")) legs.push(leg);
    } else if (seen[0]?.preflight === leg.preflight) {
      legs.push(toLeg(/** @type {Exchange} */ (seen.shift()), apis, leg.decisive));
    }
  }
  return [...legs, ...seen.map((exchange) => toLeg(exchange, apis, []))];
}

/**
 * @param {Exchange} exchange
 * @param {string[]} apis
 * @param {string[]} decisive
 * @returns {Leg}
 */
function toLeg(exchange, apis, decisive) {
  const host = valueOf(exchange.request_headers, "host");
  const api = apis.find((origin) => new URL(origin).host === host) ?? apis[0];
  return {
    preflight: exchange.preflight,
    method: exchange.method,
    url: api + exchange.target,
    sent: exchange.request_headers,
    status: exchange.status,
    got: exchange.response_headers,
    decisive,
    handler: exchange.reached_handler,
    body: exchange.body,
  };
}

/**
 * @param {Run} run
 * @param {Leg} leg
 * @param {"open" | "shut" | "opaque"} gate
 * @returns {Step[]}
 */
function legSteps(run, leg, gate) {
  const [api] = run.apis;
  const isHit = valueOf(leg.got, "x-lab-cache") === "hit";
  const far = isHit ? "cache" : "api";
  const name = `${leg.method} ${shortUrl(leg.url, api)}`;
  const status = leg.status === null ? "no answer" : `${leg.status} ${PHRASES[leg.status] ?? ""}`.trim();
  const asked = valueOf(leg.sent, "access-control-request-headers");
  const origin = valueOf(leg.sent, "origin");
  const cookie = valueOf(leg.sent, "cookie") === null ? "" : ", with cookie";
  // What an answer lacks is shown only where it is the reason.
  const lacking = gate === "shut" ? reasonHeader(run) : null;
  const decisive = leg.decisive
    .map((header) => header.toLowerCase())
    .filter((header) => !ASKING.includes(header) && (header === lacking || valueOf(leg.got, header) !== null));
  if (lacking !== null && !decisive.includes(lacking)) decisive.push(lacking);
  return [
    step(leg.preflight ? "preflight" : "request", "browser", far, {
      label: leg.preflight ? `OPTIONS ${shortUrl(leg.url, api)}` : name,
      sub: leg.preflight
        ? `may I ${valueOf(leg.sent, "access-control-request-method") ?? leg.method}${asked ? ` with ${asked}` : ""}?`
        : (origin === null ? "no Origin" : `Origin: ${origin.replace("http://", "")}`) + cookie,
      title: leg.preflight ? "The preflight" : "The request",
      line: `${leg.preflight ? "OPTIONS" : leg.method} ${leg.url}`,
      headers: leg.sent,
      decisive: ASKING.filter((header) => valueOf(leg.sent, header) !== null),
    }),
    step(leg.preflight ? "preflight-answer" : "answer", far, "browser", {
      label: status,
      sub: gate === "opaque" ? "" : decisiveInShort(leg, lacking ?? "access-control-allow-origin"),
      tone: gate === "open" ? "good" : gate === "shut" ? "bad" : "opaque",
      gate,
      handler: leg.handler,
      title: leg.preflight ? "The preflight’s answer" : "The answer",
      line: status,
      headers: leg.got,
      decisive,
      body: leg.body,
    }),
  ];
}

/**
 * @param {Run} run
 * @returns {string | null} in lower case
 */
function reasonHeader({ prediction }) {
  const verdict = prediction?.verdict;
  if (!verdict || verdict.allowed) return null;
  return REASONS.find(([reason]) => reason.test(verdict.reason))?.[1] ?? null;
}

/**
 * @param {Leg} leg
 * @param {string} name
 */
function decisiveInShort(leg, name) {
  const value = valueOf(leg.got, name);
  const short = name.replace("access-control-", "");
  return value === null ? `no ${short}` : `${short}: ${value.replace("http://", "")}`;
}

/**
 * @param {Run} run
 * @param {Leg | undefined} preflight
 * @returns {Step}
 */
function notSent(run, preflight) {
  const { request, prediction, exchanges } = run;
  const isMissing = preflight === undefined && exchanges !== null && (prediction?.messages.length ?? 0) > 0;
  const { path } = request;
  return step("not-sent", "browser", "api", {
    label: `${request.method} ${path}`,
    sub: isMissing ? "never arrived" : "never sent",
    tone: "bad",
    title: isMissing ? "A request that never arrived" : "A request that was never sent",
    line: isMissing
      ? "Nothing of it reached the API: perhaps it is not running."
      : preflight
        ? "The preflight’s answer did not allow it, so the browser did not send it, and no handler ran."
        : "The browser refused before it sent anything.",
  });
}

/**
 * @param {Run} run
 * @param {boolean} isAllowed
 * @param {boolean} isOpaque
 * @returns {Step}
 */
function result({ observation, prediction }, isAllowed, isOpaque) {
  const verdict = prediction?.verdict;
  const status = observation ? observation.status : verdict?.allowed ? verdict.status : null;
  const readable = observation ? observation.headers : verdict?.allowed ? verdict.readable : [];
  const error = observation?.error ?? null;
  return step("result", "browser", "page", {
    label: isAllowed ? (isOpaque ? "opaque" : status ? `status ${status}` : "loaded") : (error?.name ?? "an error"),
    sub: isAllowed ? (isOpaque ? "nothing to read" : "script reads it") : "nothing more",
    tone: isAllowed ? (isOpaque ? "opaque" : "good") : "bad",
    title: "What script is given",
    line: error ? `${error.name}: ${error.message}` : isAllowed ? (status ? `status ${status}` : "It is loaded.") : "An error, and no reason.",
    headers: readable,
    body: observation?.body ?? "",
  });
}

/**
 * @param {Step["kind"]} kind
 * @param {Lane} from
 * @param {Lane} to
 * @param {Partial<Step>} rest
 * @returns {Step}
 */
function step(kind, from, to, rest) {
  const plain = { label: "", sub: "", tone: /** @type {const} */ ("plain"), gate: null, handler: false };
  return { kind, from, to, ...plain, title: "", line: "", headers: [], decisive: [], body: "", ...rest };
}

/**
 * @param {HeaderList} headers
 * @param {string} name in lower case
 * @returns {string | null}
 */
export function valueOf(headers, name) {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

/**
 * A URL without what every URL here has: the API's origin, the session, the run.
 *
 * @param {string} url
 * @param {string} api
 */
function shortUrl(url, api) {
  const { origin, pathname } = new URL(url);
  const path = placeOf(pathname)?.route ?? pathname;
  return origin === api ? path : new URL(url).host + path;
}
