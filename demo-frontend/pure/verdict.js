// The words of the verdict: what was predicted and observed, whether the two agree, what both ends got; and, in the server's
// own words, why, by which rule, and what fixes it.

import { ENGINE_NAMES } from "./engine.js";
import { headerRows, headerValue } from "./headers.js";
import { observedOutcome, predictedOutcome } from "./outcome.js";
import { withoutSession } from "./place.js";

/**
 * @typedef {import("../app/control.js").Prediction} Prediction
 * @typedef {import("../app/control.js").Verdict} Verdict
 * @typedef {import("../app/control.js").PatchStep} PatchStep
 * @typedef {import("../app/control.js").Exchange} Exchange
 * @typedef {import("../app/control.js").Holdings} Holdings
 * @typedef {import("./engine.js").Engine} Engine
 */

/**
 * A request that was sent, and all that is known of it.
 *
 * @typedef {object} Sent
 * @property {string} run
 * @property {import("./state.js").LabRequest} request
 * @property {import("../app/control.js").PolicyConfig} policy  the one in force when it was sent
 * @property {Prediction | null} prediction
 * @property {string} unpredicted   why there is no prediction
 * @property {Observation} observation
 * @property {Exchange[]} exchanges
 * @property {boolean} isLogged     whether the log of this session would have the request
 * @property {Holdings | null} before  what the API held
 * @property {Holdings | null} after
 */

/**
 * @typedef {object} Box
 * @property {import("./outcome.js").Outcome | null} outcome  null where nothing is known
 * @property {string} detail
 */

/** What becomes of a request that is blocked at a step. @type {Record<string, string>} */
const STEPS = {
  request: "the call itself fails",
  "main-fetch": "nothing is sent",
  preflight: "only the preflight is sent",
  "cors-check": "response withheld",
  "resource-policy": "response withheld by a resource policy",
  redirect: "stopped at a redirect",
  network: "no response",
  canvas: "shown, but not read back",
  use: "loaded, but of no use",
};

export const NEVER_SENT = "This can only be predicted: the Lab’s pages are loaded from this computer.";
export const NOT_SENT = "This is a prediction. Send the request to see what your browser does.";
/**
 * @param {string} why
 * @returns {string} what is said in place of a prediction
 */
export function noPrediction(why) {
  return why === "" ? "There is no prediction." : `There is no prediction: ${why}.`;
}

export const FIXED = "The fix is applied, and in force.";

/**
 * @param {Prediction | null} prediction
 * @returns {Box}
 */
export function predictedBox(prediction) {
  if (prediction === null) return { outcome: null, detail: "no prediction" };
  const { verdict } = prediction;
  const outcome = predictedOutcome(verdict);
  if (!verdict.allowed) return { outcome, detail: STEPS[verdict.step] ?? verdict.step };
  return { outcome, detail: responseInShort(verdict.type, verdict.status) ?? verdict.type };
}

/**
 * What a browser did. Where it stopped a request, it doesn't say; that is taken from the prediction, if the API saw as much
 * as was predicted.
 *
 * @param {Pick<Sent, "prediction" | "observation" | "exchanges">} sent
 * @returns {Box}
 */
export function observedBox({ prediction, observation, exchanges }) {
  const { allowed, type, status, error } = observation;
  const outcome = observedOutcome(observation);
  if (allowed) return { outcome, detail: responseInShort(type, status) ?? "it loaded" };
  const name = error?.name ?? "an error";
  if (prediction === null || prediction.verdict.allowed) return { outcome, detail: name };
  const isLost = exchanges.length === 0 && prediction.messages.length > 0;
  return { outcome, detail: `${name}: ${isLost ? "nothing reached the API" : predictedBox(prediction).detail}` };
}

/**
 * @param {string} type
 * @param {number | null} status
 */
function responseInShort(type, status) {
  if (type.startsWith("opaque")) return "sent, nothing to read";
  return status ? `status ${status}` : null;
}

/**
 * Whether prediction and observation agree, and what to say if they don't.
 *
 * @param {Sent} sent
 * @returns {{agrees: boolean, words: string, warning: string | null} | null} null without a prediction
 */
export function agreementOf({ prediction, observation }) {
  if (prediction === null) return null;
  const agrees = predictedOutcome(prediction.verdict) === observedOutcome(observation);
  return {
    agrees,
    words: agrees ? "as predicted" : "not as predicted",
    warning: agrees
      ? null
      : "Your browser did not do what the model predicted. Something other than CORS may have interfered, such as an " +
        "extension or a lost connection. If nothing did, the model is wrong: please report it.",
  };
}

/**
 * Why it ended as it did: the cause, what shows it, and by which rule.
 *
 * @typedef {object} Why
 * @property {string} text
 * @property {string | null} cause  its name; null where nothing of CORS is the cause
 * @property {string[]} evidence    a line for each request
 * @property {string[]} probes      a line for each that the browser doesn't send
 * @property {string[]} dangers     what strangers can do, although nothing is blocked
 * @property {string[]} notes       what else is worth knowing
 * @property {string | null} rule   the rest of a sentence; null where the text says the same
 * @property {string} spec
 *
 * @param {Sent} sent
 * @returns {Why | null} null without a prediction
 */
export function whyOf(sent) {
  if (sent.prediction === null) return null;
  const { verdict, dropped } = sent.prediction;
  const { cause, spec } = verdict;
  const leftOut = dropped.map(({ sentence }) => sentence);
  if (verdict.allowed) {
    const text = [verdict.sentence, ...grounds(sent)].join(" ");
    return { text, cause, dangers: verdict.dangers, evidence: [], probes: [], notes: leftOut, rule: null, spec };
  }
  const { sentence, evidence, probes, notes, rule } = verdict;
  return { text: sentence, cause, dangers: [], evidence, probes, notes: [...notes, ...leftOut], rule, spec };
}

/**
 * What would have the request allowed, give the script what it asked for, or take from strangers what they should not get.
 *
 * @param {Sent} sent
 * @returns {{title: string, change: string, place: string, warning: string | null, patch: PatchStep[],
 *   hand: import("./state.js").HandWritten | null} | null} null where nothing needs a fix
 */
export function fixOf({ prediction, request }) {
  const verdict = prediction?.verdict;
  const fix = verdict?.fix;
  if (!verdict || !fix) return null;
  if (request.page === "attacker" && !verdict.allowed) {
    const warning = "Think twice: this would let the attacker’s page in. Here, blocked is the safe result.";
    // Not with one click.
    return { title: "What would let it in", change: fix.change, place: fix.place, warning, patch: [], hand: null };
  }
  return {
    title: verdict.allowed
      ? verdict.dangers.length > 0
        ? "The fix"
        : "To read it"
      : verdict.certain
        ? "The fix"
        : "The fix, if the first cause is right",
    change: fix.change,
    place: fix.place,
    warning: null,
    patch: fix.patch,
    hand: fix.hand,
  };
}

/**
 * What an engine writes to its console.
 *
 * @param {Sent} sent
 * @param {Engine} engine
 * @returns {{title: string, message: string} | null} null where it writes nothing
 */
export function consoleOf({ prediction }, engine) {
  const verdict = prediction?.verdict;
  const message = verdict === undefined || verdict.allowed ? null : verdict.console[engine];
  return message ? { title: `What ${ENGINE_NAMES[engine]}’s console says about it`, message } : null;
}

/**
 * By what a response was allowed, in sentences.
 *
 * @param {Sent} sent
 * @returns {string[]}
 */
function grounds({ exchanges, observation, prediction }) {
  const last = exchanges.at(-1);
  if (!last || last.preflight || observation.type !== "cors") return [];
  const origin = headerValue(last.response_headers, "access-control-allow-origin");
  if (origin === null) return [];
  const hadPreflight = exchanges.some((exchange) => exchange.preflight);
  return [
    hadPreflight ? "The browser sent a preflight first, and the response to it allowed the request." : "",
    prediction?.remembered
      ? "The browser remembered the response to an earlier preflight, and did not send another."
      : "",
    origin === "*"
      ? "The response says `Access-Control-Allow-Origin: *`: any origin may read it."
      : `The response’s \`Access-Control-Allow-Origin\` names the page’s origin, \`${origin}\`.`,
    headerValue(last.request_headers, "cookie") === null
      ? ""
      : "`Access-Control-Allow-Credentials: true` covers the cookie.",
    last.status !== null && last.status >= 400 ? "An error is a response like any other." : "",
  ].filter((text) => text !== "");
}

/** @param {Pick<import("./state.js").LabRequest, "server">} request */
function exposing({ server }) {
  return server === "hand" ? "Access-Control-Expose-Headers" : "expose_headers";
}

/**
 * What the page's script was given.
 *
 * @param {Pick<Sent, "observation" | "prediction" | "request">} sent
 * @param {string} [setting] where the server lists the headers that scripts may read
 */
export function givenOf({ observation, prediction, request }, setting = exposing(request)) {
  const { allowed, status, headers, body, error, type } = observation;
  const nothing = { error: null, status: null, headers: [], note: null, body: null };
  if (!allowed) {
    return {
      ...nothing,
      error: error ? `${error.name}: ${error.message}` : "an error",
      note: isSilent(error)
        ? "No status, no headers, no body, and no reason: only the console shows the reason."
        : "No status, no headers, no body. The message of the exception is the reason.",
    };
  }
  if (type.startsWith("opaque") && body === "") {
    return {
      ...nothing,
      status: String(status ?? 0),
      note: "An opaque response: the browser can store and show it, but no script can read it. No status, no headers, no body.",
    };
  }
  const all = prediction?.verdict.allowed && headers.length > 0 ? prediction.verdict.withheld : [];
  // `Set-Cookie` stays hidden whatever a server exposes; the others are of no use to a script.
  const withheld = all.filter(
    (name) => !/^(access-control-|vary$|set-cookie$|cdn-cache-control$|x-content-type-options$)/i.test(name),
  );
  const names = withheld.map((name) => `\`${name}\``).join(", ");
  return {
    ...nothing,
    status: status === null ? null : String(status),
    headers: headerRows(headers, []),
    note:
      names === ""
        ? null
        : `The response also has ${names}, which the page’s script can’t read. To let it, list them under \`${setting}\`.`,
    body: body === "" ? null : indented(body),
  };
}

/**
 * Whether an error doesn't say why: these are the words of the three engines for every fetch that fails, and the page's own
 * for an event without a message. What a call itself throws has its reason as the message.
 *
 * @param {Observation["error"]} error
 */
function isSilent(error) {
  const words =
    /^(Failed to fetch|NetworkError when attempting to fetch resource|Load failed|A network error occurred)\.?$/;
  return error === null || words.test(error.message) || error.message.startsWith("the error event of ");
}

/**
 * What the API saw and did.
 *
 * @param {Sent} sent
 */
export function effectsOf({ exchanges, before, after, observation, prediction, isLogged }) {
  const changes = before && after ? changesOf(before, after) : [];
  const isCutOff = prediction !== null && prediction.messages.length === 0;
  return {
    nothing: !isLogged
      ? "Not known here: the path leads out of this session, and its log has only the session’s own requests."
      : isCutOff
        ? "It saw nothing: the request was not sent."
        : "It saw nothing: no request reached it.",
    unchanged: before && after ? "Its notes and counters are unchanged." : "",
    lines: exchanges.map((exchange) => ({
      request: `${exchange.method} ${withoutSession(exchange.target)}`,
      effect: effectOf(exchange),
    })),
    changes,
    warning:
      !observation.allowed && changes.length > 0
        ? "The browser withheld the response, but the API made the change anyway."
        : null,
  };
}

/** @param {Exchange} exchange */
function effectOf({ preflight, status, closed, response_headers, reached_handler }) {
  if (closed) return "closed the connection without a response";
  if (preflight) return `responded to the preflight with ${status ?? "nothing"}`;
  if (headerValue(response_headers, "x-lab-cache") === "hit") return "saw nothing: the cache responded";
  return reached_handler
    ? `ran the handler and responded with ${status ?? "nothing"}`
    : `responded with ${status ?? "nothing"} before any handler ran`;
}

/**
 * @param {Holdings} before
 * @param {Holdings} after
 * @returns {string[]}
 */
function changesOf(before, after) {
  const was = new Map(before.notes.map(({ id, text }) => [id, text]));
  const is = new Map(after.notes.map(({ id, text }) => [id, text]));
  const changes = [];
  for (const [id, text] of is) {
    const old = was.get(id);
    if (old === undefined) changes.push(`Note ${id} is new: “${text}”`);
    else if (old !== text) changes.push(`Note ${id} changed from “${old}” to “${text}”`);
  }
  for (const [id, text] of was) if (!is.has(id)) changes.push(`Note ${id} was deleted: “${text}”`);
  if (after.visits !== before.visits) changes.push(`The visit counter went from ${before.visits} to ${after.visits}`);
  if (after.balance !== before.balance) changes.push(`The account held ${before.balance}, and holds ${after.balance}`);
  return changes;
}

/**
 * JSON is set out over lines; anything else is left as it came.
 *
 * @param {string} body
 */
function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
