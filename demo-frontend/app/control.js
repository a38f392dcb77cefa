// Talks to the page's own server, over its own origin, where CORS plays no part: about sessions, their policies, what the
// model predicts, and what the API saw. Whatever crosses origins is in `send.js`, never here.

/**
 * @typedef {object} Config
 * @property {string} api       the API's origin
 * @property {string | null} [api_alias]  another origin under which the same API answers
 * @property {string} page      this page's
 * @property {string} attacker  that of the third port
 * @property {string[]} engines
 */

/**
 * @typedef {object} PolicyConfig
 * @property {string[]} allow_origins
 * @property {string[]} allow_methods
 * @property {string[]} allow_headers
 * @property {string[]} expose_headers
 * @property {boolean} allow_credentials
 * @property {number} [max_age]  seconds
 * @property {boolean} [danger_allow_insecure_origins]
 * @property {boolean} [danger_allow_public_suffixes]
 */

/**
 * A policy in force.
 *
 * @typedef {object} PolicyView
 * @property {PolicyConfig} config
 * @property {string} toml
 * @property {string} rust
 * @property {string} json
 * @property {string[]} sentences  who may do what
 * @property {string[]} risks
 * @property {number} generation   goes up with each policy put in force
 * @property {{name: string, problem: string | null} | null} file
 */

/**
 * @typedef {object} Problem
 * @property {string} setting
 * @property {number | null} index  of the entry in a list
 * @property {string} value
 * @property {string} message
 * @property {string | null} suggestion
 */

/** @typedef {[string, string][]} HeaderList */

/**
 * @typedef {object} Message
 * @property {"preflight" | "request"} kind
 * @property {string} method
 * @property {string} url
 * @property {HeaderList} request_headers
 * @property {number} status
 * @property {HeaderList} response_headers
 * @property {string[]} decisive  names of the headers that decided
 * @property {boolean} credentials
 */

/** @typedef {{setting: string, add?: string, set?: unknown, remove?: string}} PatchStep */

/**
 * @typedef {object} AllowedVerdict
 * @property {true} allowed
 * @property {string} type
 * @property {number} status
 * @property {HeaderList} readable
 * @property {string[]} withheld
 * @property {string} sentence
 * @property {string} spec
 */

/**
 * @typedef {object} BlockedVerdict
 * @property {false} allowed
 * @property {string} step
 * @property {string} reason
 * @property {string | null} header  the response header that is at fault, in lower case
 * @property {string} sentence
 * @property {{change: string, setting: string | null, patch: PatchStep[] | null}} fix
 * @property {string} spec
 * @property {Record<string, string | null>} console  by engine
 */

/** @typedef {AllowedVerdict | BlockedVerdict} Verdict */

/**
 * @typedef {object} Prediction
 * @property {Message[]} messages
 * @property {Verdict} verdict
 * @property {boolean} remembered  a remembered preflight spared one
 */

/**
 * @typedef {object} Exchange
 * @property {number} number
 * @property {string} run
 * @property {boolean} preflight
 * @property {string} method
 * @property {string} target
 * @property {HeaderList} request_headers
 * @property {boolean} reached_handler
 * @property {number | null} status   null while the API is still at it
 * @property {HeaderList} response_headers
 * @property {string} body            its first bytes, as text
 * @property {number} [at]            ms since the server started
 * @property {"hit" | "miss" | null} [through_cache]
 */

/** @typedef {{notes: {id: number, text: string}[], visits: number}} Holdings */

const PATIENCE_MS = 6000;

/** An answer that is no success. */
export class ControlError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {Problem[]} problems
   */
  constructor(message, status, problems) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** @returns {Promise<Config>} */
export function readConfig() {
  return ask("GET", "/control/config");
}

/** @returns {Promise<string>} the new session's id */
export async function newSession() {
  return (await ask("POST", "/control/sessions", {})).id;
}

/**
 * @param {string} session
 * @returns {Promise<PolicyView>}
 */
export function readPolicy(session) {
  return ask("GET", `/control/s/${session}/policy`);
}

/**
 * @param {string} session
 * @param {PolicyConfig} config
 * @returns {Promise<PolicyView>} throws a `ControlError` with problems if it is refused
 */
export function putPolicy(session, config) {
  return ask("PUT", `/control/s/${session}/policy`, config);
}

/**
 * @param {string} session
 * @param {{request: import("../pure/state.js").LabRequest, run: string | null, engine: string, commit: boolean}} question
 * @returns {Promise<Prediction>}
 */
export function predict(session, question) {
  return ask("POST", `/control/s/${session}/predict`, question);
}

/**
 * What came over the wire, in the order in which it arrived.
 *
 * @param {string} session
 * @param {string} filter such as `run=…`
 * @returns {Promise<Exchange[]>}
 */
export async function readExchanges(session, filter) {
  return (await ask("GET", `/control/s/${session}/exchanges?${filter}`)).exchanges;
}

/**
 * @param {string} session
 * @returns {Promise<Holdings>} what the API holds
 */
export function readHoldings(session) {
  return ask("GET", `/control/s/${session}/notes`);
}

/**
 * @param {string} session
 * @param {string[]} origins
 * @returns {Promise<boolean[]>} which of them the policy in force allows
 */
export async function readAllows(session, origins) {
  return (await ask("POST", `/control/s/${session}/allows`, { origins })).allowed;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function ask(method, path, body) {
  /** @type {Record<string, string>} */
  // A header that no other site's page can send here unasked: the answers are for this page alone.
  const headers = { "x-cors-lab": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.ok) return response.json();
  const said = await response.json().catch(() => ({}));
  throw new ControlError(said.error ?? `${path} answered ${response.status}`, response.status, said.problems ?? []);
}
