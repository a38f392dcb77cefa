// What becomes of a request, for the page that sent it. An opaque response was sent and received, and nothing in it can be
// read: that is neither success nor an error.

/** @typedef {"readable" | "opaque" | "blocked"} Outcome */

/**
 * @param {import("../app/control.js").Verdict} verdict
 * @returns {Outcome}
 */
export function predictedOutcome(verdict) {
  return verdict.allowed ? passed(verdict.type) : "blocked";
}

/**
 * @param {Pick<Observation, "allowed" | "type">} observation
 * @returns {Outcome}
 */
export function observedOutcome({ allowed, type }) {
  return allowed ? passed(type) : "blocked";
}

/**
 * @param {string} type of a response, as `Response.type` names it
 * @returns {Outcome}
 */
function passed(type) {
  return type.startsWith("opaque") ? "opaque" : "readable";
}
