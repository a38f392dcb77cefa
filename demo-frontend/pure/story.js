// What happened, or is expected to happen, as a list of steps to draw: from the log of the API, from what the page's script
// was given, and, only where the API can't know, from the prediction.

import { callInShort } from "./code.js";
import { headerValue, headerValues } from "./headers.js";
import { placeOf, withoutSession } from "./place.js";
import { effective } from "./state.js";

/**
 * @typedef {import("../app/control.js").Config} Config
 * @typedef {import("../app/control.js").HeaderList} HeaderList
 * @typedef {import("../app/control.js").Prediction} Prediction
 * @typedef {import("../app/control.js").Exchange} Exchange
 * @typedef {import("./state.js").LabRequest} LabRequest
 * @typedef {import("../generated/types.js").LabServer} LabServer
 */

/**
 * Between the browser and the API stand the servers of the two pages, where a request goes there.
 *
 * @typedef {"page" | "browser" | "site" | "attacker" | "cache" | "api"} Lane
 */

/**
 * @typedef {object} Step
 * @property {"call" | "preflight" | "preflight-response" | "request" | "response" | "not-sent" | "result" | "forwarded" | "forwarded-response"} kind
 * @property {Lane} from
 * @property {Lane} to
 * @property {string} label
 * @property {string} sub
 * @property {"plain" | "good" | "bad" | "opaque"} tone
 * @property {"open" | "shut" | "opaque" | null} gate  what the browser did with a response
 * @property {boolean} handler  whether a handler of the API ran for it
 * @property {string} title     of its details
 * @property {string} line      the first line of its details
 * @property {HeaderList} headers
 * @property {string[]} decisive
 * @property {string[]} dropped  names, as the script writes them, of headers that the browser leaves out
 * @property {string} body
 */

/**
 * One request and its response, seen or expected.
 *
 * @typedef {object} Leg
 * @property {boolean} preflight
 * @property {string} method
 * @property {string} url
 * @property {LabServer | null} server  where it went
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
 * @property {Config} config
 * @property {Prediction | null} prediction
 * @property {Exchange[] | null} exchanges     null before it is sent
 * @property {Observation | null} observation  null before it is sent
 * @property {boolean} isLogged                whether the session's log would have it
 */

/**
 * All that the wire shows.
 *
 * @typedef {object} Story
 * @property {Step[]} steps
 * @property {boolean} happened  rather than expected
 * @property {Partial<Record<Lane, string>>} lanes  what stands below each one's name
 * @property {string} caption
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
  413: "Content Too Large",
  500: "Internal Server Error",
});

/** Methods that a preflight's response need not name. */
const SAFELISTED_METHODS = ["GET", "HEAD", "POST"];

/** The headers of a request by which CORS decides. */
const OF_REQUEST = ["origin", "access-control-request-method", "access-control-request-headers", "cookie"];

/**
 * @param {Run} given
 * @returns {Story}
 */
export function tell(given) {
  const run = { ...given, request: effective(given.request) };
  const { request, config, prediction, observation } = run;
  const pages = { lab: config.page, attacker: config.attacker, sandbox: "null" };
  /** @type {Story["lanes"]} */
  const lanes = { page: withoutScheme(pages[request.page]), browser: "yours", api: withoutScheme(apiOf(run)) };
  if (request.cached) lanes.cache = "shared";
  const steps = stepsOf(run);
  for (const [lane, origin] of /** @type {const} */ ([
    ["site", config.page],
    ["attacker", config.attacker],
  ])) {
    if (steps.some(({ from, to }) => from === lane || to === lane)) lanes[lane] = withoutScheme(origin);
  }
  const happened = observation !== null;
  const spared = prediction?.remembered ? "; a preflight is remembered" : "";
  return {
    steps,
    happened,
    lanes,
    caption: (happened ? "as it happened" : "expected, not sent yet") + spared,
  };
}

/**
 * Whether a request reaches the API, so that its log knows of it.
 *
 * @param {{server: LabServer | null}} message
 */
export function reachesApi({ server }) {
  return server === "api" || server === "second" || server === "proxy";
}

/**
 * @param {Run} run
 * @returns {string} the origin of the API by the address that the request names
 */
function apiOf({ request, config }) {
  return request.address === "second" ? (config.api_alias ?? config.api) : config.api;
}

/**
 * @param {Run} run
 * @returns {Step[]}
 */
function stepsOf(run) {
  const { request, prediction, observation } = run;
  const dropped = prediction?.dropped.map(({ name }) => name) ?? [];
  const legs = legsOf(run);
  const isAllowed = observation ? observation.allowed : (prediction?.verdict.allowed ?? false);
  const isOpaque = isOpaqueRun(run);

  /** @type {Step[]} */
  const steps = [
    step("call", "page", "browser", {
      label: callInShort(request),
      sub: dropped.length === 0 ? "the page’s script" : `the browser drops ${dropped.join(", ")}`,
      title: "What the page’s script called",
      line: callInShort(request),
      headers: request.headers,
      dropped,
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
 * Whether the response reaches the page, and no script may look into it.
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
function legsOf({ config, prediction, exchanges }) {
  const messages = prediction?.messages ?? [];
  /** @type {Leg[]} */
  const expected = messages.map((message) => ({
    preflight: message.kind === "preflight",
    method: message.method,
    url: message.url,
    server: message.server,
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
    if (!reachesApi(leg)) {
      // A redirect led away from the API, which can't know what became of it.
      if (legs.at(-1)?.got.some(([name]) => name.toLowerCase() === "location")) legs.push(leg);
    } else if (seen[0]?.preflight === leg.preflight) {
      legs.push(toLeg(/** @type {Exchange} */ (seen.shift()), config, leg.decisive));
    }
  }
  return [...legs, ...seen.map((exchange) => toLeg(exchange, config, []))];
}

/**
 * @param {Exchange} exchange
 * @param {Config} config
 * @param {string[]} decisive
 * @returns {Leg}
 */
function toLeg(exchange, config, decisive) {
  const second = config.api_alias ?? config.api;
  const { api, page, attacker } = config;
  const origin = { api, second, proxy: page, page, attacker }[exchange.server];
  return {
    preflight: exchange.preflight,
    method: exchange.method,
    url: origin + exchange.target,
    server: exchange.server,
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
  const isHit = headerValue(leg.got, "x-lab-cache") === "hit";
  const near = leg.server === "proxy" || leg.server === "page" ? "site" : leg.server === "attacker" ? "attacker" : null;
  const end = isHit ? "cache" : "api";
  const far = near ?? end;
  // The origin stands over the lane.
  const { page, attacker } = run.config;
  const api = near === "site" ? page : near === "attacker" ? attacker : apiOf(run);
  const name = `${leg.method} ${shortUrl(leg.url, api)}`;
  /** What the page's server passes on, and what it gets for it. */
  const forwarded = leg.server !== "proxy" ? [] : forwardedSteps(leg, end, name);
  const status = leg.status === null ? "no response" : `${leg.status} ${PHRASES[leg.status] ?? ""}`.trim();
  const names = headerValue(leg.sent, "access-control-request-headers");
  const origin = headerValue(leg.sent, "origin");
  const cookie = headerValue(leg.sent, "cookie") === null ? "" : ", with cookie";
  // What a response lacks is shown only where it is the reason.
  const lacking = gate === "shut" ? headerAtFault(run) : null;
  const judgedBy = lacking === null ? permissions(leg) : [lacking];
  const decisive = leg.decisive
    .map((header) => header.toLowerCase())
    .filter((header) => !OF_REQUEST.includes(header) && (header === lacking || headerValue(leg.got, header) !== null));
  if (lacking !== null && !decisive.includes(lacking)) decisive.push(lacking);
  return [
    step(leg.preflight ? "preflight" : "request", "browser", far, {
      label: leg.preflight ? `OPTIONS ${shortUrl(leg.url, api)}` : name,
      sub: leg.preflight
        ? `may I ${headerValue(leg.sent, "access-control-request-method") ?? leg.method}${names ? ` with ${names}` : ""}?`
        : (origin === null ? "no Origin" : `Origin: ${withoutScheme(origin)}`) + cookie,
      title: leg.preflight ? "The preflight" : "The request",
      line: `${leg.preflight ? "OPTIONS" : leg.method} ${leg.url}`,
      headers: asSentTo(leg),
      decisive: OF_REQUEST.filter((header) => headerValue(leg.sent, header) !== null),
    }),
    ...forwarded,
    step(leg.preflight ? "preflight-response" : "response", far, "browser", {
      label: status,
      sub:
        gate === "opaque"
          ? ""
          : isOfPage(run, leg)
            ? "same origin: no CORS check"
            : judgedBy.map((header) => inShort(leg, header)).join(", "),
      tone: gate === "open" ? "good" : gate === "shut" ? "bad" : "opaque",
      gate,
      handler: leg.handler && near === null,
      title: leg.preflight ? "The response to the preflight" : "The response",
      line: status,
      headers: leg.got,
      decisive,
      body: leg.body,
    }),
  ];
}

/**
 * Whether the page that sends it is of the origin that it goes to, and it was not led there from elsewhere.
 *
 * @param {Run} run
 * @param {Leg} leg
 */
function isOfPage({ request }, { server, sent }) {
  // After a way through another origin, the browser sends `null`.
  const cameBack = headerValue(sent, "origin") === "null";
  return server === "proxy" && request.address === "proxy" && request.page === "lab" && !cameBack;
}

/**
 * The way from the page's server to the API and back. No browser is there, and so no gate.
 *
 * @param {Leg} leg
 * @param {Lane} end
 * @param {string} name
 * @returns {Step[]}
 */
function forwardedSteps(leg, end, name) {
  const status = leg.status === null ? "no response" : `${leg.status} ${PHRASES[leg.status] ?? ""}`.trim();
  return [
    step("forwarded", "site", end, {
      label: name,
      sub: "forwarded",
      title: "The request, as the page’s server forwards it",
      line: `${leg.method} ${leg.url}`,
      headers: leg.sent,
    }),
    step("forwarded-response", end, "site", {
      label: status,
      sub: "no browser here",
      handler: leg.handler,
      title: "The response to the page’s server",
      line: status,
      headers: leg.got,
      body: leg.body,
    }),
  ];
}

/**
 * The headers that the browser sent: of what the page's server forwards, all but what it adds itself.
 *
 * @param {Leg} leg
 * @returns {HeaderList}
 */
function asSentTo({ server, sent, url }) {
  if (server !== "proxy") return sent;
  const { host } = new URL(url);
  return sent
    .filter(([name, value]) => name !== "connection" && !(name === "via" && value.endsWith(` ${host}`)))
    .map(([name, value]) => (name === "host" ? [name, host] : [name, value]));
}

/**
 * @param {Run} run
 * @returns {string | null} the response header for which the response is withheld, in lower case
 */
function headerAtFault({ prediction }) {
  const verdict = prediction?.verdict;
  return verdict === undefined || verdict.allowed ? null : verdict.header;
}

/**
 * The headers that let a request through: in the response to a preflight those that permit what it asked for, since without
 * them the origin alone would not have been enough.
 *
 * @param {Leg} leg
 * @returns {string[]} names in lower case
 */
function permissions({ preflight, sent }) {
  const asksFor = (/** @type {string} */ name) => headerValue(sent, `access-control-request-${name}`);
  const method = asksFor("method");
  const permitting = [
    preflight && method !== null && !SAFELISTED_METHODS.includes(method) && "access-control-allow-methods",
    preflight && asksFor("headers") !== null && "access-control-allow-headers",
  ].filter((name) => name !== false);
  return permitting.length > 0 ? permitting : ["access-control-allow-origin"];
}

/**
 * @param {Leg} leg
 * @param {string} name of a header, in lower case
 */
function inShort(leg, name) {
  const values = headerValues(leg.got, name);
  const short = name.replace("access-control-", "");
  return values.length === 0 ? `no ${short}` : `${short}: ${values.map(withoutScheme).join(", ")}`;
}

/**
 * @param {Run} run
 * @param {Leg | undefined} preflight
 * @returns {Step}
 */
function notSent(run, preflight) {
  const { request, prediction, exchanges, isLogged } = run;
  const far = request.address === "proxy" ? "site" : "api";
  if (!isLogged && preflight === undefined && exchanges !== null) {
    return step("request", "browser", far, {
      label: `${request.method} ${request.path}`,
      sub: "not in this session’s log",
      title: "A request outside of this session",
      line: "The path leads out of this session, and its log has only the session’s own requests.",
    });
  }
  const isMissing = preflight === undefined && exchanges !== null && prediction?.messages.length !== 0;
  return step("not-sent", "browser", far, {
    label: `${request.method} ${request.path}`,
    sub: isMissing ? "never arrived" : "never sent",
    tone: "bad",
    title: isMissing ? "A request that never arrived" : "A request that was never sent",
    line: isMissing
      ? "No request reached the API. Is it running?"
      : preflight
        ? "The response to the preflight did not allow it, so the browser did not send it, and no handler ran."
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
    sub: isAllowed ? (isOpaque ? "nothing to read" : "the script reads it") : "no response",
    tone: isAllowed ? (isOpaque ? "opaque" : "good") : "bad",
    title: "What the page’s script is given",
    line: error
      ? `${error.name}: ${error.message}`
      : isAllowed
        ? status
          ? `status ${status}`
          : "It is loaded."
        : "An error without a reason.",
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
  return { kind, from, to, ...plain, title: "", line: "", headers: [], decisive: [], dropped: [], body: "", ...rest };
}

/**
 * A URL without what every URL here has: the API's origin, the session, the run.
 *
 * @param {string} url
 * @param {string} api
 */
function shortUrl(url, api) {
  const { origin, host, pathname } = new URL(url);
  return origin === api ? (placeOf(pathname)?.route ?? pathname) : host + withoutSession(pathname);
}

/** @param {string} origin */
function withoutScheme(origin) {
  return origin.replace("http://", "");
}
