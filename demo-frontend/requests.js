// The requests behind the six buttons, as data. Each is chosen to need one more permission than the one before it.

/**
 * @typedef {object} LabRequest
 * @property {string} method
 * @property {string} path      on the API
 * @property {string} title     what a card calls it
 * @property {Record<string, string>} headers  set by script; the browser adds its own
 * @property {string | null} body
 * @property {boolean} credentials  whether cookies go along
 */

/** @type {Record<string, LabRequest>} */
export const requests = {
  get: {
    method: "GET",
    path: "/api/notes",
    title: "Read the notes",
    headers: {},
    body: null,
    credentials: false,
  },
  post: {
    method: "POST",
    path: "/api/notes",
    title: "Add a note, as JSON",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: "Written from another origin" }),
    credentials: false,
  },
  put: {
    method: "PUT",
    path: "/api/notes/1",
    title: "Replace note 1",
    // Text goes out as `text/plain`, which is safelisted: the method alone has to be allowed.
    headers: {},
    body: "Rewritten from another origin",
    credentials: false,
  },
  delete: {
    method: "DELETE",
    path: "/api/notes/2",
    title: "Delete note 2",
    headers: {},
    body: null,
    credentials: false,
  },
  session: {
    method: "GET",
    path: "/api/session",
    title: "Count my visits, by cookie",
    headers: {},
    body: null,
    credentials: true,
  },
  fail: {
    method: "GET",
    path: "/api/fail",
    title: "Ask for an error",
    headers: {},
    body: null,
    credentials: false,
  },
};

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A name for one run. It ties the page's card to the API's log, and as part of the URL it keeps the answer to an
 * earlier preflight out of this one.
 *
 * @returns {string} twelve of a-z and 0-9
 */
export function newRun() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/**
 * The arguments of `fetch` for one run.
 *
 * @param {LabRequest} request
 * @param {string} api the API's origin
 * @param {string} run
 * @returns {[string, RequestInit]}
 */
export function fetchArguments(request, api, run) {
  /** @type {RequestInit} */
  const init = {};
  if (request.method !== "GET") init.method = request.method;
  if (Object.keys(request.headers).length > 0) init.headers = request.headers;
  if (request.body !== null) init.body = request.body;
  if (request.credentials) init.credentials = "include";
  return [`${api}${request.path}?run=${run}`, init];
}

/**
 * The same call as a programmer would write it.
 *
 * @param {LabRequest} request
 * @param {string} api
 * @returns {string}
 */
export function fetchSource(request, api) {
  const [, init] = fetchArguments(request, api, "");
  const url = JSON.stringify(api + request.path);
  if (Object.keys(init).length === 0) return `fetch(${url})`;
  return `fetch(${url}, ${JSON.stringify(init, null, 2).replace(/"([A-Za-z]+)":/g, "$1:")})`;
}
