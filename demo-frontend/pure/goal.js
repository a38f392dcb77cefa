// Whether a lesson's goal is reached, from what one run showed. Pure, so that a goal means the same wherever it is checked.

import { headerValue } from "./headers.js";

/** @typedef {import("../generated/types.js").GoalCheck} Check */

/**
 * @typedef {object} Outcome
 * @property {import("./state.js").LabRequest} request
 * @property {import("../app/control.js").PolicyConfig} policy
 * @property {import("../app/control.js").Exchange[]} exchanges
 * @property {Observation} observation
 * @property {Set<string>} refused   settings at which a policy was refused
 * @property {boolean} originsAgree
 */

/**
 * @param {Check} check
 * @param {Outcome} outcome
 * @returns {boolean}
 */
export function isReached(check, { request, policy, exchanges, observation, refused, originsAgree }) {
  const actual = exchanges.filter((exchange) => !exchange.preflight);
  const had = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (policy));
  const readable = observation.headers.map(([name]) => name.toLowerCase());
  const holds = {
    observed: () => (check.observed === "allowed") === observation.allowed,
    status: () => observation.status === check.status,
    readable: () => (check.readable ?? []).every((name) => readable.includes(name.toLowerCase())),
    request: () => contains(request, check.request),
    preflights: () => exchanges.length - actual.length === check.preflights,
    handler_ran: () => actual.some((exchange) => exchange.reached_handler) === check.handler_ran,
    policy_has: () => entries(check.policy_has).every(([setting, wanted]) => has(had[setting], wanted)),
    policy_lacks: () => entries(check.policy_lacks).every(([setting, unwanted]) => lacks(had[setting], unwanted)),
    cache: () => headerValue(exchanges.at(-1)?.response_headers ?? [], "x-lab-cache") === check.cache,
    attacker: () => request.page === "attacker" && (check.attacker === "read") === observation.allowed,
    refused: () => check.refused !== undefined && refused.has(check.refused),
    origins: () => originsAgree === check.origins,
  };
  return Object.entries(holds).every(([name, hold]) => !(name in check) || hold());
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
