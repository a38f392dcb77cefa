// What a policy and a request of the Lab look like, what a request's kind can carry, and where a request goes.

/** @typedef {import("../app/control.js").PolicyConfig} PolicyConfig */

/**
 * @typedef {"fetch" | "xhr" | "font" | "image" | "image-cors" | "canvas" | "module" | "events"} Kind
 * @typedef {"application/json" | "text/plain" | "form"} BodyType
 */

/**
 * @typedef {object} LabRequest
 * @property {Kind} kind
 * @property {string} method
 * @property {string} path     below `/api/`
 * @property {string} query
 * @property {[string, string][]} headers  set by script; the browser adds its own
 * @property {{type: BodyType, text: string} | null} body
 * @property {"same-origin" | "include" | "omit"} credentials
 * @property {"cors" | "no-cors" | "same-origin"} mode
 * @property {"follow" | "manual" | "error"} redirect
 * @property {boolean} cached    goes through the small cache in front of the API
 * @property {"lab" | "attacker" | "sandbox"} page  whose script sends it
 * @property {boolean} same_url  keeps one run for all sends, so that the browser may remember a preflight
 */

/** @type {Record<Kind, {name: string, path: string}>} */
export const KINDS = {
  fetch: { name: "fetch()", path: "notes" },
  xhr: { name: "XMLHttpRequest", path: "notes" },
  font: { name: "Web font (FontFace)", path: "font" },
  image: { name: "Image", path: "image.png" },
  "image-cors": { name: "Image with crossorigin", path: "image.png" },
  canvas: { name: "Image read back through a canvas", path: "image.png" },
  module: { name: "ES module script", path: "module.js" },
  events: { name: "EventSource", path: "events" },
};

/** @type {Readonly<LabRequest>} */
export const DEFAULT_REQUEST = {
  kind: "fetch",
  method: "GET",
  path: "notes",
  query: "",
  headers: [],
  body: null,
  credentials: "same-origin",
  mode: "cors",
  redirect: "follow",
  cached: false,
  page: "lab",
  same_url: false,
};

/** What a word in a request may be. */
const WORDS = {
  kind: Object.keys(KINDS),
  credentials: ["same-origin", "include", "omit"],
  mode: ["cors", "no-cors", "same-origin"],
  redirect: ["follow", "manual", "error"],
  page: ["lab", "attacker", "sandbox"],
};

const BODY_TYPES = ["application/json", "text/plain", "form"];
export const LISTS = /** @type {const} */ (["allow_origins", "allow_methods", "allow_headers", "expose_headers"]);
export const DANGERS = /** @type {const} */ (["danger_allow_insecure_origins", "danger_allow_public_suffixes"]);

/** @returns {PolicyConfig} the policy that allows nothing */
export function noPolicy() {
  return { allow_origins: [], allow_methods: [], allow_headers: [], expose_headers: [], allow_credentials: false };
}

/**
 * A whole policy from a part of one, such as a lesson gives.
 *
 * @param {unknown} given
 * @returns {PolicyConfig}
 */
export function toPolicy(given) {
  const policy = noPolicy();
  const from = record(given);
  for (const list of LISTS) policy[list] = strings(from[list]);
  policy.allow_credentials = from.allow_credentials === true;
  const age = from.max_age;
  if (typeof age === "number" && Number.isSafeInteger(age) && age >= 0) policy.max_age = age;
  for (const danger of DANGERS) if (from[danger] === true) policy[danger] = true;
  return policy;
}

/**
 * A whole request from a part of one. What is no request's is left out.
 *
 * @param {unknown} given
 * @returns {LabRequest}
 */
export function toRequest(given) {
  const from = record(given);
  const kind = /** @type {Kind} */ (WORDS.kind.includes(String(from.kind)) ? from.kind : DEFAULT_REQUEST.kind);
  const request = { ...DEFAULT_REQUEST, kind, path: KINDS[kind].path };
  for (const key of /** @type {const} */ (["credentials", "mode", "redirect", "page"])) {
    if (WORDS[key].includes(String(from[key]))) Object.assign(request, { [key]: from[key] });
  }
  for (const key of /** @type {const} */ (["method", "path", "query"])) {
    const text = from[key];
    if (typeof text === "string") request[key] = text;
  }
  for (const key of /** @type {const} */ (["cached", "same_url"])) request[key] = from[key] === true;
  if (Array.isArray(from.headers)) {
    request.headers = from.headers
      .filter((pair) => Array.isArray(pair) && pair.length === 2)
      .map(([name, value]) => [String(name), String(value)]);
  }
  const body = record(from.body);
  if (typeof body.text === "string" && BODY_TYPES.includes(String(body.type))) {
    request.body = { type: /** @type {BodyType} */ (body.type), text: body.text };
  }
  return request;
}

/**
 * The part of a request that its kind can carry out; the rest is set back, so that what is shown is what is sent.
 *
 * @param {LabRequest} request
 * @returns {LabRequest}
 */
export function effective(request) {
  const uses = usesOf(request.kind);
  const made = { ...request };
  if (!uses.includes("method")) Object.assign(made, { method: "GET", headers: [], body: null });
  if (!uses.includes("mode")) made.mode = request.kind === "image" ? "no-cors" : "cors";
  if (request.kind === "canvas" && made.mode === "same-origin") made.mode = "cors";
  if (!uses.includes("redirect")) made.redirect = "follow";
  if (!uses.includes("credentials")) made.credentials = request.kind === "image" ? "include" : "same-origin";
  else if (request.kind !== "fetch" && made.credentials === "omit") made.credentials = "same-origin";
  return made;
}

/**
 * Which fields of a request its kind has a use for.
 *
 * @param {Kind} kind
 * @returns {string[]}
 */
export function usesOf(kind) {
  switch (kind) {
    case "fetch":
      return ["method", "headers", "body", "credentials", "mode", "redirect"];
    case "xhr":
      return ["method", "headers", "body", "credentials"];
    case "canvas":
      return ["credentials", "mode"];
    case "image-cors":
    case "module":
    case "events":
      return ["credentials"];
    default:
      return [];
  }
}

/**
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} request
 * @param {string | null} run
 * @returns {string}
 * @typedef {import("../app/control.js").Config} Config
 */
export function urlOf(config, session, request, run) {
  const base = `${session === "default" ? "" : `/s/${session}`}${request.cached ? "/cached" : ""}/api/`;
  const query = [request.query, run === null ? "" : `run=${run}`].filter((part) => part !== "");
  return config.api + base + request.path + (query.length > 0 ? `?${query.join("&")}` : "");
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A name for one run. It ties what the page shows to the API's log, and as part of the URL it keeps the response to an
 * earlier preflight out of this one.
 *
 * @returns {string} twelve of a-z and 0-9
 */
export function newRun() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function record(value) {
  return typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
function strings(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
