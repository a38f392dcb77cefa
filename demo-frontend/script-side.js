// The left half of a result card: all that script was given. Readable or blocked, nothing is added to it, except a line
// that names the headers which were sent but not shown.

import { element, headerList, prose } from "./dom.js";
import { isPermission } from "./headers.js";

/**
 * @param {import("./script-outcome.js").Outcome} outcome
 * @returns {HTMLElement[]}
 */
export function scriptSide(outcome) {
  if (outcome.kind === "blocked") {
    return [
      element("p", { class: "verdict bad" }, "Blocked"),
      element("pre", { class: "error", "data-field": "error" }, `${outcome.name}: ${outcome.message}`),
      element(
        "p",
        { class: "note" },
        "This is all that script ever gets: no status, no headers, no body, and no reason. The browser hides the " +
          "reason from script and tells it only in the developer console.",
      ),
    ];
  }
  return [
    element(
      "p",
      { class: "verdict good" },
      "Readable, status ",
      element("span", { class: "status", "data-field": "status" }, String(outcome.status)),
    ),
    element("h5", {}, "Readable headers"),
    headerList(outcome.headers, { "data-field": "headers" }, (name) => ({ "data-header": name.toLowerCase() })),
    element("h5", {}, "Body"),
    element(
      "pre",
      { class: "body", "data-field": "body", tabindex: "0", role: "group", "aria-label": "Body that script was given" },
      indented(outcome.body),
    ),
  ];
}

/**
 * Names the headers that were on the wire and are kept from script, for want of `Access-Control-Expose-Headers`.
 *
 * @param {import("./script-outcome.js").Outcome} outcome
 * @param {import("./control.js").Exchange[]} exchanges
 * @returns {HTMLElement | null}
 */
export function hiddenHeaders(outcome, exchanges) {
  const actual = exchanges.filter((exchange) => !exchange.preflight).at(-1);
  if (outcome.kind !== "readable" || !actual) return null;
  const readable = outcome.headers.map(([name]) => name.toLowerCase());
  const hidden = actual.response_headers
    .map(([name]) => name.toLowerCase())
    // `Set-Cookie` stays hidden whatever a server exposes; `Vary` and the CORS headers are of no use to script.
    .filter((name) => !readable.includes(name) && !isPermission(name) && !["vary", "set-cookie"].includes(name));
  if (hidden.length === 0) return null;
  const names = [...new Set(hidden)].map((name) => `\`${name}\``).join(", ");
  return element(
    "p",
    { class: "note" },
    ...prose(
      `Sent, but hidden from script: ${names}. A server shows such headers by listing them in \`expose_headers\`.`,
    ),
  );
}

/**
 * JSON is set out over lines; anything else is left as it came.
 *
 * @param {string} body
 * @returns {string}
 */
export function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
