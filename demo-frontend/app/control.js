// Calls the page's own server, on its own origin, where CORS plays no part: for sessions, their policies, predictions, and
// what the API saw. Requests to other origins are in `send.js`, never here. The types are the server's own.

/**
 * @typedef {import("../generated/types.js").Origins} Config
 * @typedef {import("../generated/types.js").Holdings} Holdings
 * @typedef {import("../generated/types.js").LoggedExchange} Exchange
 * @typedef {import("../generated/types.js").HandProblem} HandProblem
 * @typedef {import("../generated/types.js").HandWritten} HandWritten
 * @typedef {import("../generated/types.js").Import} Import
 * @typedef {import("../generated/types.js").PolicyChange} PatchStep
 * @typedef {import("../generated/types.js").PolicyConfig} PolicyConfig
 * @typedef {import("../generated/types.js").PolicyView} PolicyView
 * @typedef {import("../generated/types.js").Prediction} Prediction
 * @typedef {import("../generated/types.js").PredictionRequest} PredictionRequest
 * @typedef {import("../generated/types.js").Problem} Problem
 * @typedef {import("../generated/types.js").Verdict} Verdict
 * @typedef {[string, string][]} HeaderList
 */

const PATIENCE_MS = 6000;

/** A call that the server refuses. */
export class ControlError extends Error {
  /**
   * @param {string} message
   * @param {number} status  of the response, or what it would be, were it not for the console
   * @param {any[]} problems  of a policy, or of a server written by hand
   */
  constructor(message, status, problems) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** @returns {Promise<Config>} */
export function readConfig() {
  return call("GET", "/control/config");
}

/** @returns {Promise<string>} the new session's id */
export async function newSession() {
  return (await call("POST", "/control/sessions", {})).id;
}

/**
 * @param {string} session
 * @returns {Promise<PolicyView>}
 */
export function readPolicy(session) {
  return call("GET", `/control/s/${session}/policy`);
}

/**
 * @param {string} session
 * @param {PolicyConfig} config
 * @returns {Promise<PolicyView>} throws a `ControlError` with problems if it is refused
 */
export function putPolicy(session, config) {
  return call("PUT", `/control/s/${session}/policy`, config);
}

/**
 * @param {string} session
 * @param {HandWritten} hand
 * @returns {Promise<HandWritten>} throws a `ControlError` with problems if it is refused
 */
export function putHand(session, hand) {
  return call("PUT", `/control/s/${session}/hand`, hand);
}

/**
 * @param {string} session
 * @param {PredictionRequest} wanted
 * @returns {Promise<Prediction>}
 */
export function predict(session, wanted) {
  return call("POST", `/control/s/${session}/predict`, wanted);
}

/**
 * @param {string} session
 * @param {string} text  an error that the reader has pasted
 * @returns {Promise<Import>} throws a `ControlError` if it can't be read
 */
export function readPaste(session, text) {
  return call("POST", `/control/s/${session}/import`, { text });
}

/**
 * What came over the wire, in the order in which it arrived.
 *
 * @param {string} session
 * @param {string} filter such as `run=…`
 * @returns {Promise<Exchange[]>}
 */
export async function readExchanges(session, filter) {
  return (await call("GET", `/control/s/${session}/exchanges?${filter}`)).exchanges;
}

/**
 * @param {string} session
 * @returns {Promise<Holdings>} what the API stores
 */
export function readHoldings(session) {
  return call("GET", `/control/s/${session}/notes`);
}

/**
 * @param {string} session
 * @param {string[]} origins
 * @returns {Promise<boolean[]>} which of them the policy in force allows
 */
export async function readAllows(session, origins) {
  return (await call("POST", `/control/s/${session}/allows`, { origins })).allowed;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function call(method, path, body) {
  /** @type {Record<string, string>} */
  // A header that pages of other origins can't send here without a preflight, which the server refuses.
  const headers = { "x-cors-lab": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new ControlError(`${path} responded with ${response.status}`, response.status, []);
  const said = await response.json();
  if (said.refused === undefined) return said;
  /** @type {import("../generated/types.js").Refused} */
  const { status, error, problems } = said.refused;
  throw new ControlError(error, status, problems);
}
