// What is true of one run: whether it reaches a part of a goal, answers a question with yes, or bears out a sentence. Pure, so
// that a condition means the same wherever it is checked.

import { headerValue } from "./headers.js";
import { observedOutcome } from "./outcome.js";

/**
 * @typedef {import("../generated/types.js").RunCheck} Check
 * @typedef {import("../generated/types.js").Fact} Fact
 * @typedef {import("../app/control.js").Exchange} Exchange
 * @typedef {import("../app/control.js").Holdings} Holdings
 */

/**
 * What the reader did with the policy, without any request.
 *
 * @typedef {object} Standing
 * @property {import("../app/control.js").PolicyConfig} policy
 * @property {Set<string>} refused                settings at which a policy was refused
 * @property {[string, boolean, boolean][]} origins the lesson's: whether it should be allowed, and whether it is
 */

/**
 * A run, with all that is known of it.
 *
 * @typedef {Standing & {
 *   request: import("./state.js").LabRequest,
 *   exchanges: Exchange[],
 *   observation: Observation,
 *   before: Holdings | null,
 *   after: Holdings | null,
 * }} Run
 */

/** The conditions that need no run. */
const OF_STANDING = ["policy_has", "policy_lacks", "refused", "origins", "allows"];

/**
 * Whether a condition is about the policy alone, so that nothing needs to be sent to meet it.
 *
 * @param {Check} check
 */
export function isOfStanding(check) {
  return Object.keys(check).every((name) => OF_STANDING.includes(name));
}

/**
 * @param {Check} check one that is about the policy alone
 * @param {Standing} standing
 */
export function isMetByStanding(check, standing) {
  const hold = ofStanding(check, standing);
  return isOfStanding(check) && Object.keys(check).every((name) => hold[name]());
}

/**
 * @param {Check} check
 * @param {Run} run
 * @returns {boolean}
 */
export function isMet(check, run) {
  const hold = { ...ofStanding(check, run), ...ofRun(check, run) };
  return Object.keys(check).every((name) => hold[name]());
}

/**
 * The sentences that are true of a run.
 *
 * @param {Fact[]} facts
 * @param {Run} run
 * @returns {string[]}
 */
export function trueOf(facts, run) {
  return facts.filter(({ when }) => isMet(when, run)).map(({ text }) => text);
}

/**
 * @param {Check} check
 * @param {Standing} standing
 * @returns {Record<string, () => boolean>}
 */
function ofStanding(check, { policy, refused, origins }) {
  const had = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (policy));
  return {
    policy_has: () => entries(check.policy_has).every(([setting, wanted]) => has(had[setting], wanted)),
    policy_lacks: () => entries(check.policy_lacks).every(([setting, unwanted]) => lacks(had[setting], unwanted)),
    refused: () => check.refused !== undefined && refused.has(check.refused),
    // Before the server has said which of them the policy allows, nothing is known of them.
    origins: () => origins.length > 0 && origins.every(([, wanted, is]) => wanted === is) === check.origins,
    allows: () =>
      entries(check.allows).every(([origin, wanted]) =>
        origins.some(([listed, , is]) => listed === origin && is === wanted),
      ),
  };
}

/**
 * @param {Check} check
 * @param {Run} run
 * @returns {Record<string, () => boolean>}
 */
function ofRun(check, { request, exchanges, observation, before, after }) {
  const actual = exchanges.filter((exchange) => !exchange.preflight);
  const preflights = exchanges.filter((exchange) => exchange.preflight);
  const last = actual.at(-1);
  const readable = observation.headers.map(([name]) => name.toLowerCase());
  const isReadable = (/** @type {string} */ name) => readable.includes(name.toLowerCase());
  return {
    outcome: () => observedOutcome(observation) === check.outcome,
    status: () => observation.status === check.status,
    body_has: () => observation.body.includes(check.body_has ?? ""),
    readable: () => (check.readable ?? []).every(isReadable),
    unreadable: () => !(check.unreadable ?? []).some(isReadable),
    request: () => contains(request, check.request),
    preflights: () => preflights.length === check.preflights,
    requests: () => actual.length === check.requests,
    handler_ran: () => actual.some((exchange) => exchange.reached_handler) === check.handler_ran,
    changed: () => before !== null && after !== null && (stored(before) !== stored(after)) === check.changed,
    api_status: () => last?.status === check.api_status,
    sent: () => carries(last?.request_headers, check.sent),
    got: () => carries(last?.response_headers, check.got),
    preflight_status: () => preflights.at(-1)?.status === check.preflight_status,
    preflight_sent: () => carries(preflights.at(-1)?.request_headers, check.preflight_sent),
    preflight_got: () => carries(preflights.at(-1)?.response_headers, check.preflight_got),
    cache: () => headerValue(exchanges.at(-1)?.response_headers ?? [], "x-lab-cache") === check.cache,
  };
}

/**
 * @param {import("./headers.js").HeaderList | undefined} headers undefined for a message that was not sent, of which nothing
 *   is true
 * @param {Record<string, unknown> | undefined} wanted by name: a value, or whether the header is there
 */
function carries(headers, wanted) {
  if (headers === undefined) return false;
  return entries(wanted).every(([name, value]) => {
    const lines = headers.filter(([found]) => found.toLowerCase() === name).map(([, line]) => line);
    return typeof value === "boolean" ? value === lines.length > 0 : lines.length > 0 && value === lines.join(", ");
  });
}

/**
 * What the API holds, without what it only counts.
 *
 * @param {Holdings} holdings
 */
function stored({ visits, ...rest }) {
  return JSON.stringify(rest);
}

/**
 * @param {unknown} whole
 * @param {unknown} part
 * @returns {boolean}
 */
function contains(whole, part) {
  if (typeof part !== "object" || part === null || Array.isArray(part))
    return JSON.stringify(whole) === JSON.stringify(part);
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([key, value]) =>
    contains(/** @type {Record<string, unknown>} */ (whole)[key], value),
  );
}

/**
 * @param {unknown} setting
 * @param {unknown} wanted of a list: all of these
 */
function has(setting, wanted) {
  return Array.isArray(wanted) ? wanted.every((item) => includes(setting, item)) : setting === wanted;
}

/**
 * @param {unknown} setting
 * @param {unknown} unwanted of a list: none of these
 */
function lacks(setting, unwanted) {
  return Array.isArray(unwanted) ? !unwanted.some((item) => includes(setting, item)) : setting !== unwanted;
}

/**
 * @param {unknown} list
 * @param {unknown} item
 */
function includes(list, item) {
  const same = (/** @type {unknown} */ text) => String(text).toLowerCase() === String(item).toLowerCase();
  return Array.isArray(list) && list.some(same);
}

/** @param {Record<string, unknown> | undefined} record */
function entries(record) {
  return Object.entries(record ?? {});
}
