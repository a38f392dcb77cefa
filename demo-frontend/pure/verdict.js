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
 * @property {Prediction | null} prediction
 * @property {Observation} observation
 * @property {Exchange[]} exchanges
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

export const NOT_SENT = "This is a prediction. Send the request to see what your browser does.";
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
      : "Your browser did something else than the model expected. Something other than CORS may have stopped the request " +
        "(an extension, a lost connection), or the model is wrong; then please report it.",
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
 * @property {string[]} notes       what else is worth knowing
 * @property {string | null} rule   the rest of a sentence; null where the text says the same
 * @property {string} spec
 *
 * @param {Sent} sent
 * @returns {Why | null} null without a prediction
 */
export function whyOf(sent) {
  if (sent.prediction === null) return null;
  const { verdict } = sent.prediction;
  const { cause, spec } = verdict;
  if (verdict.allowed) {
    const text = [verdict.sentence, ...grounds(sent)].join(" ");
    return { text, cause, evidence: [], probes: [], notes: [], rule: null, spec };
  }
  const { sentence, evidence, probes, notes, rule } = verdict;
  return { text: sentence, cause, evidence, probes, notes, rule, spec };
}

/**
 * What would have the request allowed, or give the script what it asked for.
 *
 * @param {Sent} sent
 * @returns {{title: string, change: string, place: string, warning: string | null, patch: PatchStep[]} | null} null
 *   where nothing needs a fix
 */
export function fixOf({ prediction, request }) {
  const verdict = prediction?.verdict;
  const fix = verdict?.fix;
  if (!verdict || !fix) return null;
  return {
    title: verdict.allowed ? "To read it" : verdict.certain ? "The fix" : "The fix, if the first cause is right",
    change: fix.change,
    place: fix.place,
    warning:
      request.page === "attacker"
        ? "Think twice: this would let the attacker’s page in. Here, blocked is the safe result."
        : null,
    patch: fix.patch,
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

/**
 * What the page's script was given.
 *
 * @param {Pick<Sent, "observation" | "prediction">} sent
 * @param {string} [setting] where the server lists the headers that scripts may read
 */
export function givenOf({ observation, prediction }, setting = "expose_headers") {
  const { allowed, status, headers, body, error, type } = observation;
  const nothing = { error: null, status: null, headers: [], note: null, body: null };
  if (!allowed) {
    return {
      ...nothing,
      error: error ? `${error.name}: ${error.message}` : "an error",
      note: "No status, no headers, no body, and no reason: the reason goes to the console alone.",
    };
  }
  if (type.startsWith("opaque") && body === "") {
    return {
      ...nothing,
      status: String(status ?? 0),
      note: "An opaque response: it may be kept or shown, never read. No status, no headers, no body.",
    };
  }
  const all = prediction?.verdict.allowed && headers.length > 0 ? prediction.verdict.withheld : [];
  // `Set-Cookie` stays hidden whatever a server exposes; the others are of no use to a script.
  const withheld = all.filter((name) => !/^(access-control-|vary$|set-cookie$|cdn-cache-control$)/i.test(name));
  const names = withheld.map((name) => `\`${name}\``).join(", ");
  return {
    ...nothing,
    status: status === null ? null : String(status),
    headers: headerRows(headers, []),
    note:
      names === ""
        ? null
        : `Sent, but kept from the page’s script: ${names}. Listing them in \`${setting}\` shows them.`,
    body: body === "" ? null : indented(body),
  };
}

/**
 * What the API saw and did.
 *
 * @param {Sent} sent
 */
export function effectsOf({ exchanges, before, after, observation }) {
  const changes = before && after ? changesOf(before, after) : [];
  return {
    lines: exchanges.map((exchange) => ({
      request: `${exchange.method} ${withoutSession(exchange.target)}`,
      effect: effectOf(exchange),
    })),
    changes,
    warning:
      !observation.allowed && changes.length > 0
        ? "The response was withheld, and the change was made all the same."
        : null,
  };
}

/** @param {Exchange} exchange */
function effectOf({ preflight, status, response_headers, reached_handler }) {
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
    else if (old !== text) changes.push(`Note ${id} was “${old}”, and is “${text}”`);
  }
  for (const [id, text] of was) if (!is.has(id)) changes.push(`Note ${id} is gone: “${text}”`);
  if (after.visits !== before.visits) changes.push(`It counts ${after.visits} visits, ${before.visits} before`);
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
