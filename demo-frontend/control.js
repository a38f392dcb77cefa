// Asks the page's own server, over its own origin, where CORS plays no part: where the API is, which policy is in
// force, and what the API saw on the wire.

/**
 * @typedef {object} PolicyConfig
 * @property {string[]} allow_origins
 * @property {string[]} allow_methods
 * @property {string[]} allow_headers
 * @property {string[]} expose_headers
 * @property {boolean} allow_credentials
 * @property {number} [max_age]  seconds
 */

/**
 * @typedef {object} PolicyReport
 * @property {string} file
 * @property {string} text            the file's text, as it was when this policy was read from it
 * @property {PolicyConfig} config
 * @property {number} generation      goes up with each policy put in force
 * @property {string | null} problem  why the last save was refused
 */

/**
 * @typedef {object} Exchange
 * @property {number} number
 * @property {string} run
 * @property {boolean} preflight
 * @property {string} method
 * @property {string} target
 * @property {[string, string][]} request_headers
 * @property {boolean} reached_handler
 * @property {number | null} status   null while the API is still at it
 * @property {[string, string][]} response_headers
 * @property {string} body            its first bytes, as text
 */

const PATIENCE_MS = 4000;
const LOG_TRIES = 5;
const LOG_PAUSE_MS = 100;

/** @returns {Promise<{api: string}>} */
export function readConfig() {
  return ask("/control/config");
}

/** @returns {Promise<PolicyReport>} */
export function readPolicy() {
  return ask("/control/policy");
}

/**
 * The exchanges of one run, in the order in which they arrived. The log may be a moment behind the browser, so this
 * asks again, a few times, while it is plainly not complete.
 *
 * @param {string} run
 * @param {import("./script-outcome.js").Outcome} outcome
 * @returns {Promise<Exchange[]>}
 */
export async function readExchanges(run, outcome) {
  for (let tries = 1; ; tries += 1) {
    const { exchanges } = await ask(`/control/exchanges?run=${run}`);
    if (tries === LOG_TRIES || isComplete(exchanges, outcome)) return exchanges;
    await new Promise((resolve) => setTimeout(resolve, LOG_PAUSE_MS));
  }
}

/**
 * @param {Exchange[]} exchanges
 * @param {import("./script-outcome.js").Outcome} outcome
 * @returns {boolean}
 */
function isComplete(exchanges, outcome) {
  if (exchanges.some((exchange) => exchange.status === null)) return false;
  return outcome.kind === "readable" ? exchanges.some((exchange) => !exchange.preflight) : exchanges.length > 0;
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
async function ask(path) {
  const response = await fetch(path, {
    // A header no other site's page can send here unasked: the answers are for this page alone.
    headers: { "X-CORS-Lab": "1" },
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}
