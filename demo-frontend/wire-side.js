// The right half of a result card: what the API saw and answered, exchange by exchange, as the API itself logged it.

import { element, headerList } from "./dom.js";
import { isPermission, isQuestion } from "./headers.js";
import { indented } from "./script-side.js";

/**
 * @typedef {import("./control.js").Exchange} Exchange
 */

/**
 * @param {import("./explain.js").Run} run
 * @returns {HTMLElement[]}
 */
export function wireSide({ request, outcome, exchanges }) {
  if (exchanges === null) {
    return [element("p", { class: "verdict unknown" }, "The log could not be read: the demo server has stopped.")];
  }
  const shown = [];
  if (exchanges.length > 0) {
    shown.push(element("ol", { class: "exchanges" }, ...exchanges.map((exchange) => exchangeItem(exchange, outcome))));
  } else {
    shown.push(element("p", { class: "verdict unknown" }, "Nothing arrived at the API."));
  }
  if (exchanges.length > 0 && exchanges.every((exchange) => exchange.preflight)) {
    shown.push(element("p", { class: "verdict bad never-sent" }, `The browser never sent the ${request.method}.`));
  }
  return shown;
}

/**
 * @param {Exchange} exchange
 * @param {import("./script-outcome.js").Outcome} outcome
 * @returns {HTMLElement}
 */
function exchangeItem(exchange, outcome) {
  const withheld = outcome.kind === "blocked" && !exchange.preflight;
  const [path, query] = splitAtQuery(exchange.target);
  return element(
    "li",
    {
      "data-exchange": true,
      "data-number": exchange.number,
      "data-method": exchange.method,
      "data-status": exchange.status ?? "",
      "data-reached-handler": String(exchange.reached_handler),
    },
    element("h5", {}, exchange.preflight ? "Preflight" : "The request itself"),
    element(
      "p",
      { class: "line" },
      element("span", { class: "method" }, exchange.method),
      " ",
      path,
      element("span", { class: "query" }, query),
    ),
    ...requestHeaders(exchange.request_headers),
    element(
      "p",
      { class: "line answer" },
      element("span", { class: "status" }, String(exchange.status ?? "no answer")),
      " ",
      element(
        "span",
        { class: exchange.reached_handler ? "handler ran" : "handler" },
        exchange.reached_handler ? "the handler ran" : "the handler did not run",
      ),
    ),
    ...(exchange.status === null ? [] : responseHeaders(exchange.response_headers)),
    exchange.body === ""
      ? null
      : element(
          "details",
          // What script was not given is worth seeing at once; what it was given stands on the other side already.
          { open: withheld },
          element("summary", {}, withheld ? "Body, withheld from script" : "Body on the wire"),
          element(
            "pre",
            { class: "body", tabindex: "0", role: "group", "aria-label": "Body on the wire" },
            indented(exchange.body),
          ),
        ),
  );
}

/**
 * @param {[string, string][]} headers
 * @returns {HTMLElement[]}
 */
function requestHeaders(headers) {
  const marked = headers.filter(([name]) => isQuestion(name));
  return [...markedList(marked, "marked"), ...foldedList(headers, marked.length, "request")];
}

/**
 * @param {[string, string][]} headers
 * @returns {HTMLElement[]}
 */
function responseHeaders(headers) {
  const permissions = headers.filter(([name]) => isPermission(name));
  const vary = headers.filter(([name]) => name.toLowerCase() === "vary");
  return [
    ...(permissions.length > 0
      ? markedList(permissions, "marked permission")
      : [element("p", { class: "lack" }, "no Access-Control-* header")]),
    ...markedList(vary, "marked"),
    ...foldedList(headers, permissions.length + vary.length, "response"),
  ];
}

/**
 * @param {[string, string][]} headers
 * @param {string} className
 * @returns {HTMLElement[]} nothing for an empty list
 */
function markedList(headers, className) {
  return headers.length > 0 ? [headerList(headers, { class: className })] : [];
}

/**
 * @param {[string, string][]} headers
 * @param {number} already how many of them stand above
 * @param {"request" | "response"} side
 * @returns {HTMLElement[]} nothing where that leaves none
 */
function foldedList(headers, already, side) {
  if (headers.length === already) return [];
  return [element("details", {}, element("summary", {}, `All ${headers.length} ${side} headers`), headerList(headers))];
}

/**
 * @param {string} target
 * @returns {[string, string]}
 */
function splitAtQuery(target) {
  const at = target.indexOf("?");
  return at === -1 ? [target, ""] : [target.slice(0, at), target.slice(at)];
}
