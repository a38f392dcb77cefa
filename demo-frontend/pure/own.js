// A request to the reader's own API: how it is written in a form and in a link, and what the page sends of it.

import { doctorCommand } from "./code.js";
import { effective, noPolicy, toRequest } from "./state.js";

/**
 * @typedef {import("../app/own.js").OwnView} OwnView
 * @typedef {import("./state.js").LabRequest} LabRequest
 * @typedef {import("./verdict.js").Sent} Sent
 */

/**
 * What the form says.
 *
 * @typedef {object} Own
 * @property {string} url
 * @property {LabRequest} request
 * @property {string} cookies  those that the Lab's own request carries
 */

/** Methods that change nothing, by what HTTP says of them. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** Names of headers whose values are usually secrets: they are left out of links. */
const SECRET = /auth|cookie|credential|jwt|passw|secret|session|signature|token|api-?key|access-?key|csrf|xsrf/i;

/** @param {string} method */
export function isSafe(method) {
  return SAFE_METHODS.includes(method.toUpperCase());
}

/**
 * A link that fills in the form. Cookies and other secrets are not part of it.
 *
 * @param {Own} own
 * @returns {string} a fragment with its `#`
 */
export function toOwnFragment({ url, request }) {
  const { method, headers, body, credentials } = request;
  const told = headers.filter(([name]) => !SECRET.test(name));
  const fragment = new URLSearchParams({ url, request: JSON.stringify({ method, headers: told, body, credentials }) });
  return `#${fragment}`;
}

/**
 * What a link says. It may come from anyone: it fills in a form, and nothing is sent until the reader presses *Send*.
 *
 * @param {string} hash
 * @returns {Own}
 */
export function fromOwnFragment(hash) {
  const fragment = new URLSearchParams(hash.replace(/^#/, ""));
  let given = {};
  try {
    given = JSON.parse(fragment.get("request") ?? "{}");
  } catch {
    // Then the form begins empty.
  }
  return { url: fragment.get("url") ?? "", request: ownRequest(given), cookies: "" };
}

/**
 * A `fetch()` of this page, of what is given.
 *
 * @param {unknown} given
 * @returns {LabRequest}
 */
export function ownRequest(given) {
  return { ...toRequest(given), kind: "fetch", page: "lab", mode: "cors", redirect: "follow", path: "", query: "" };
}

/**
 * What the page sends. It follows redirects only if the Lab's own request was redirected, to targets that were all checked.
 *
 * @param {Own} own
 * @param {Pick<OwnView, "follow">} view
 * @returns {Order}
 */
export function orderOf({ url, request }, { follow }) {
  const { method, headers, body, credentials } = effective(request);
  const redirect = follow ? "follow" : "manual";
  return { kind: "fetch", path: url, url, method, headers, body, credentials, mode: "cors", redirect };
}

/**
 * The command that has `cors-doctor` do the same in a terminal.
 *
 * @param {Own} own
 * @param {string} page its origin
 */
export function ownCommand({ url, request, cookies }, page) {
  const { method, headers, body, credentials, mode, redirect } = effective(request);
  const wanted = { method, headers, body, credentials, mode, redirect };
  return doctorCommand({ ...wanted, url: url || "URL", origin: page, cookies });
}

/**
 * The run as the diagram draws it: the Lab's own requests, and what the browser gave the page's script.
 *
 * @param {Own} own
 * @param {OwnView} view
 * @param {Observation | null} observation null if the page sent nothing
 * @param {string} page its origin
 * @returns {import("./story.js").Run}
 */
export function ownRun({ url: written, request }, view, observation, page) {
  const url = new URL(written);
  return {
    request: { ...request, path: url.pathname },
    config: { page, api: url.origin, api_alias: null, attacker: "" },
    prediction: { messages: view.messages.map(elsewhere), verdict: view.verdict, remembered: false, dropped: [] },
    exchanges: null,
    observation,
    isLogged: true,
  };
}

/**
 * The same as the verdict's words know it; null where a request was not sent, so that nobody knows how it ends.
 *
 * @param {Own} own
 * @param {OwnView} view
 * @param {Observation} observation
 * @returns {Sent | null}
 */
export function ownSent({ request }, { messages, verdict }, observation) {
  if (verdict === null) return null;
  const exchanges = messages.map((message, index) => ({
    ...message,
    number: index + 1,
    at: 0,
    run: "",
    through_cache: null,
    preflight: message.kind === "preflight",
    target: new URL(message.url).pathname,
    server: /** @type {const} */ ("api"),
    closed: message.status === null,
    reached_handler: false,
  }));
  const told = messages.map((message) => ({
    ...elsewhere(message),
    credentials: false,
    cookies: [],
    third_party: false,
    through_cache: null,
  }));
  const prediction = { at: 0, messages: told, verdict, remembered: false, dropped: [] };
  const known = { run: "", request, policy: noPolicy(), prediction, unpredicted: "" };
  return { ...known, observation, exchanges, isLogged: true, before: null, after: null };
}

/**
 * A message to a server that is none of the Lab's.
 *
 * @param {OwnView["messages"][number]} message
 */
function elsewhere(message) {
  return { ...message, server: null };
}

/**
 * What a reader should know of where the requests went, a sentence each.
 *
 * @param {OwnView["targets"]} targets
 * @returns {string[]}
 */
export function targetNotes(targets) {
  const checked = targets.map(
    ({ host, addresses }) => `The Lab checked \`${host}\`, and connected only to ${addresses.join(" and ")}.`,
  );
  const names = targets.filter(({ fixed }) => !fixed).map(({ host }) => `\`${host}\``);
  return names.length === 0
    ? checked
    : [
        ...checked,
        `Your browser looks up ${names.join(" and ")} by itself. The Lab can’t make it use the same address.`,
      ];
}

/**
 * Why the browser and the Lab's own request ended differently.
 *
 * @param {Sent} sent
 * @returns {string | null} null if they agree
 */
export function disagreement({ prediction, observation }) {
  const isAllowed = prediction?.verdict.allowed ?? false;
  if (observation.type === "opaqueredirect") {
    return (
      "Your browser was redirected. The page didn’t follow, because the Lab’s own request was not led there, so nobody " +
      "checked the target."
    );
  }
  if (isAllowed === observation.allowed) return null;
  return isAllowed
    ? "Your browser blocked what the Lab’s own request shows as allowed. It may have sent cookies that the Lab doesn’t " +
        "have, an extension may have changed something, or the server didn’t respond the same way twice."
    : "Your browser allowed what the Lab’s own request shows as blocked. It may have sent cookies that the Lab doesn’t " +
        "have, or the server didn’t respond the same way twice.";
}
