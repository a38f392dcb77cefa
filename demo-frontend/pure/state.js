// What a policy, a request and a server written by hand look like, what a request's kind can carry, and where it goes.

import {
  ADDRESS_SPACES,
  ADDRESSES,
  BODY_TYPES,
  DEFAULT_REQUEST,
  KINDS,
  LISTS,
  MOST_OF_A_POLICY,
  PAGES,
  SERVERS,
} from "../generated/constants.js";
import { pathOf, withRun } from "./place.js";

export { DEFAULT_REQUEST, KINDS, LISTS };

/**
 * @typedef {import("../generated/types.js").BodyType} BodyType
 * @typedef {import("../generated/types.js").HandResponse} HandResponse
 * @typedef {import("../generated/types.js").HandWritten} HandWritten
 * @typedef {import("../generated/types.js").LabRequest} LabRequest
 * @typedef {import("../generated/types.js").PolicyConfig} PolicyConfig
 * @typedef {import("../generated/types.js").Problem} Problem
 * @typedef {import("../generated/types.js").RequestKind} Kind
 */

/** What a word in a request may be; `fetch()` can carry them all. */
const WORDS = {
  kind: Object.keys(KINDS),
  credentials: /** @type {string[]} */ (KINDS.fetch.credentials),
  mode: /** @type {string[]} */ (KINDS.fetch.mode),
  redirect: /** @type {string[]} */ (KINDS.fetch.redirect),
  page: /** @type {readonly string[]} */ (PAGES),
  server: /** @type {readonly string[]} */ (SERVERS),
  address: /** @type {readonly string[]} */ (ADDRESSES),
  page_address_space: /** @type {readonly string[]} */ (ADDRESS_SPACES),
};

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
  for (const list of LISTS) {
    const entries = strings(from[list]);
    if (entries.length > 0) policy[list] = entries;
  }
  policy.allow_credentials = from.allow_credentials === true;
  const age = from.max_age;
  if (typeof age === "number" && Number.isSafeInteger(age) && age >= 0) policy.max_age = age;
  return policy;
}

/**
 * Whether a policy is more than the Lab keeps. The server refuses it; the page says so at the field, and sends nothing.
 *
 * @param {PolicyConfig} policy
 * @returns {Problem[]} one at the first list that is too much, if one is
 */
export function beyondBounds(policy) {
  const encoder = new TextEncoder();
  let entries = 0;
  let bytes = 0;
  /** @type {typeof LISTS[number] | null} */
  let setting = null;
  for (const list of LISTS) {
    for (const entry of policy[list] ?? []) {
      entries += 1;
      bytes += encoder.encode(entry).length;
    }
    if (setting === null && (entries > MOST_OF_A_POLICY.entries || bytes > MOST_OF_A_POLICY.bytes)) setting = list;
  }
  if (setting === null) return [];
  const message =
    `The Lab keeps policies of at most ${MOST_OF_A_POLICY.entries} entries and ${MOST_OF_A_POLICY.bytes} bytes, all lists ` +
    `together. This one has ${entries} entries and ${bytes} bytes, so it was not applied. Shorten it, or save it in the ` +
    "policy’s file, which may be longer.";
  return [notApplied(setting, message)];
}

/**
 * A problem that is not a mistake in the policy.
 *
 * @param {typeof LISTS[number]} setting where it is shown
 * @param {string} message
 * @returns {Problem}
 */
export function notApplied(setting, message) {
  return { setting, index: null, line: null, value: "", kind: "not-applied", suggestions: [], message };
}

/**
 * A whole request from a part of one. What is not a field of a request is left out.
 *
 * @param {unknown} given
 * @returns {LabRequest}
 */
export function toRequest(given) {
  const from = record(given);
  const kind = /** @type {Kind} */ (WORDS.kind.includes(String(from.kind)) ? from.kind : DEFAULT_REQUEST.kind);
  const request = { ...DEFAULT_REQUEST, kind, path: KINDS[kind].path };
  for (const key of /** @type {const} */ ([
    "credentials",
    "mode",
    "redirect",
    "page",
    "server",
    "address",
    "page_address_space",
  ])) {
    if (WORDS[key].includes(String(from[key]))) Object.assign(request, { [key]: from[key] });
  }
  for (const key of /** @type {const} */ (["method", "path", "query"])) {
    const text = from[key];
    if (typeof text === "string") request[key] = text;
  }
  for (const key of /** @type {const} */ (["cached", "same_url"])) request[key] = from[key] === true;
  request.headers = pairs(from.headers);
  const body = record(from.body);
  if (typeof body.text === "string" && Object.hasOwn(BODY_TYPES, String(body.type))) {
    request.body = { type: /** @type {BodyType} */ (body.type), text: body.text };
  }
  return request;
}

/**
 * A whole server written by hand from a part of one. What is left out is as in a server that knows nothing of CORS.
 *
 * @param {unknown} given
 * @returns {HandWritten}
 */
export function toHand(given) {
  const { preflight, response } = record(given);
  return { preflight: toHandResponse(preflight), response: toHandResponse(response) };
}

/**
 * @param {unknown} given
 * @returns {HandResponse}
 */
function toHandResponse(given) {
  const from = record(given);
  const number = (/** @type {unknown} */ value, /** @type {number} */ otherwise) =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 65_536 ? value : otherwise;
  return {
    status: number(from.status, 200),
    headers: pairs(from.headers),
    redirect: typeof from.redirect === "string" ? from.redirect : null,
    delay_ms: number(from.delay_ms, 0),
    close: from.close === true,
  };
}

/**
 * What the kind of a request can carry of it, with the headers that the page's script adds, so that what is shown is what is
 * sent.
 *
 * @param {LabRequest} request
 * @returns {LabRequest}
 */
export function effective(request) {
  const rules = KINDS[request.kind];
  const made = {
    ...request,
    credentials: oneOf(request.credentials, rules.credentials),
    mode: oneOf(request.mode, rules.mode),
    redirect: oneOf(request.redirect, rules.redirect),
  };
  if (!rules.payload) Object.assign(made, { method: DEFAULT_REQUEST.method, headers: [], body: null });
  const type = made.body === null ? null : BODY_TYPES[made.body.type].script;
  const isSet = made.headers.some(([name]) => name.toLowerCase() === "content-type");
  if (type !== null && !isSet) made.headers = [...made.headers, ["content-type", type]];
  return made;
}

/**
 * @template T
 * @param {T} value
 * @param {T[]} list
 * @returns {T} the value if it is in the list, or else the first of the list
 */
function oneOf(value, list) {
  return list.includes(value) ? value : /** @type {T} */ (list[0]);
}

/**
 * Which fields of a request can be chosen for a kind.
 *
 * @param {Kind} kind
 * @returns {string[]}
 */
export function usesOf(kind) {
  const rules = KINDS[kind];
  const fields = /** @type {const} */ (["credentials", "mode", "redirect"]).filter((field) => rules[field].length > 1);
  return rules.payload ? ["method", "headers", "body", ...fields] : fields;
}

/**
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} request
 * @param {string | null} run
 * @returns {string}
 * @typedef {import("../generated/types.js").Origins} Config
 */
export function urlOf(config, session, request, run) {
  const { cached, server, path, query } = request;
  const origins = { api: config.api, second: config.api_alias ?? config.api, proxy: config.page };
  return origins[request.address] + pathOf({ session, cached, server, route: path }) + withRun(query, run);
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
 * @returns {[string, string][]}
 */
function pairs(value) {
  if (!Array.isArray(value)) return [];
  return value
    .filter((pair) => Array.isArray(pair) && pair.length === 2)
    .map(([name, of]) => [String(name), String(of)]);
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
function strings(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
