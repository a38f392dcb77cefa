// Why a request ended as it did, in plain words: from what script was given and what went over the wire, by the rules
// of the Fetch Standard (https://fetch.spec.whatwg.org/#http-cors-protocol). Pure: no document, no network. It explains
// an outcome that a real browser has already decided; it never decides one.

import { membersOf, valuesOf } from "./headers.js";

/**
 * @typedef {import("./requests.js").LabRequest} LabRequest
 * @typedef {import("./script-outcome.js").Outcome} Outcome
 * @typedef {import("./control.js").Exchange} Exchange
 */

/**
 * @typedef {object} Run
 * @property {LabRequest} request
 * @property {Outcome} outcome
 * @property {Exchange[] | null} exchanges  null where the log could not be read
 * @property {string} origin  the page's
 * @property {string} api     the API's origin
 */

/**
 * @typedef {object} Explanation
 * @property {string} why    one paragraph; `code` between backticks
 * @property {string[]} fix  the lines `cors.toml` needs; empty where none would help, or none is needed
 */

/**
 * A permission that an answer lacks.
 *
 * @typedef {object} Lack
 * @property {string} what  reads on from "the answer" or "the preflight’s answer"
 * @property {string[]} fix
 */

// https://fetch.spec.whatwg.org/#cors-safelisted-method
const SAFELISTED_METHODS = ["GET", "HEAD", "POST"];

// https://fetch.spec.whatwg.org/#cors-safelisted-request-header, as far as this page's requests go
const SAFELISTED_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

// The page's two buttons that need a method; one line serves both.
const LAB_METHODS = ["PUT", "DELETE"];

/**
 * @param {Run} run
 * @returns {Explanation}
 */
export function explain(run) {
  if (run.exchanges === null) {
    return noFix("The demo server did not answer, so there is no log to compare with. Is it still running?");
  }
  const actual = run.exchanges.filter((exchange) => !exchange.preflight).at(-1);
  const preflight = run.exchanges.filter((exchange) => exchange.preflight).at(-1);

  if (run.outcome.kind === "readable") return explainReadable(run, run.outcome, preflight, actual);
  if (actual) return explainWithheld(run, actual, preflight !== undefined);
  if (preflight) return explainNeverSent(run, preflight);
  return noFix(
    `Nothing arrived at ${run.api}, neither a preflight nor the ${run.request.method}. That is not CORS: the API is ` +
      `not reachable. Script is given the same kind of error in both cases, which is why the two are so easily ` +
      `confused.`,
  );
}

/**
 * @param {Run} run
 * @param {import("./script-outcome.js").Readable} outcome
 * @param {Exchange | undefined} preflight
 * @param {Exchange | undefined} actual
 * @returns {Explanation}
 */
function explainReadable(run, outcome, preflight, actual) {
  if (!actual) {
    return noFix("Script was given an answer that the API has no record of, so there is nothing to explain it by.");
  }
  const { method, credentials } = run.request;
  const sentences = [];
  if (preflight) {
    sentences.push(
      `${needForPreflight(run.request)} the browser first asked with a preflight. The API’s answer allowed it, so ` +
        `the browser sent the ${method}.`,
    );
  } else {
    sentences.push(`This is a simple request: the browser sends it without a preflight and checks the answer.`);
  }
  const anyone = valuesOf(actual.response_headers, "access-control-allow-origin").includes("*");
  sentences.push(
    anyone
      ? "The answer says `Access-Control-Allow-Origin: *`: any origin may read it, so the browser handed it to script."
      : `The answer’s \`Access-Control-Allow-Origin\` names this page’s origin, \`${run.origin}\`` +
          `${credentials ? ", and `Access-Control-Allow-Credentials: true` covers the cookies" : ""}, so the browser ` +
          `handed it to script.`,
  );
  if (outcome.status >= 400) {
    sentences.push(
      `Errors are responses too: script can read the ${outcome.status} because the error carried the header.`,
    );
  }
  return noFix(sentences.join(" "));
}

/**
 * The request itself arrived, and script got an error all the same.
 *
 * @param {Run} run
 * @param {Exchange} actual
 * @param {boolean} preflighted
 * @returns {Explanation}
 */
function explainWithheld(run, actual, preflighted) {
  const { method } = run.request;
  if (actual.status === null) {
    return noFix(`The ${method} reached the API, but the connection ended before the API answered. That is not CORS.`);
  }
  const answered = actual.reached_handler
    ? `The API answered ${actual.status} and the handler ran`
    : `The API answered ${actual.status} before any handler ran`;
  const lack = failedCorsCheck(run, actual);
  if (lack === null) {
    return noFix(
      `${answered}, and the answer carried what CORS asks for. So something else stopped it on its way to script, ` +
        `such as a connection that broke. The browser’s console says more.`,
    );
  }
  const sentences = [`${answered}, but the answer ${lack.what}, so the browser withheld it from script.`];
  if (actual.reached_handler) {
    sentences.push(
      preflighted
        ? `The ${method} has had its effect all the same: only the answer is kept from script.`
        : "CORS did not keep the request out: a simple request is sent without asking; only its answer is withheld.",
    );
  }
  return { why: sentences.join(" "), fix: lack.fix };
}

/**
 * There was a preflight, and nothing after it.
 *
 * @param {Run} run
 * @param {Exchange} preflight
 * @returns {Explanation}
 */
function explainNeverSent(run, preflight) {
  const { method } = run.request;
  if (preflight.status === null) {
    return noFix(
      "The browser asked with a preflight, and the connection ended before the API answered. That is not CORS.",
    );
  }
  const asked = `${needForPreflight(run.request)} the browser first asked with a preflight.`;
  const never = `So the browser never sent the ${method}, and no handler ran.`;

  const lack = failedCorsCheck(run, preflight);
  if (lack !== null) {
    const refused = preflight.status === 403 ? "refused it with 403" : `answered ${preflight.status}`;
    return {
      why: `${asked} The API ${refused}, and that answer ${lack.what}. ${never}`,
      // Nothing is known yet of what the preflight would grant, so these are all the lines the request needs.
      fix: [...lack.fix, ...neededGrants(run.request, preflight, false).flatMap((grant) => grant.fix)],
    };
  }
  if (preflight.status < 200 || preflight.status > 299) {
    return noFix(
      `${asked} The API answered ${preflight.status}. A preflight counts as granted only with a status from 200 to ` +
        `299, whatever its headers say. ${never}`,
    );
  }
  const missing = neededGrants(run.request, preflight, true);
  if (missing.length > 0) {
    return {
      why:
        `${asked} The API answered ${preflight.status} and allows this page’s origin, but its answer ` +
        `${missing.map((grant) => grant.what).join(", and ")}. ${never}`,
      fix: missing.flatMap((grant) => grant.fix),
    };
  }
  return noFix(
    `${asked} Its answer granted all that was asked, yet no ${method} arrived. Something other than CORS stopped it; ` +
      `the browser’s console says more.`,
  );
}

/**
 * The CORS check (https://fetch.spec.whatwg.org/#concept-cors-check): the first thing an answer fails by, or null.
 *
 * @param {Run} run
 * @param {Exchange} exchange
 * @returns {Lack | null}
 */
function failedCorsCheck(run, exchange) {
  const { credentials } = run.request;
  const fixOrigin = `allow_origins = ${list([run.origin])}`;
  const fixCredentials = "allow_credentials = true";
  const fixBoth = credentials ? [fixOrigin, fixCredentials] : [fixOrigin];

  const allowed = valuesOf(exchange.response_headers, "access-control-allow-origin");
  if (allowed.length === 0) {
    return { what: `carried no \`Access-Control-Allow-Origin\` for \`${run.origin}\``, fix: fixBoth };
  }
  if (allowed.length > 1) {
    return { what: "carried `Access-Control-Allow-Origin` more than once, which no browser accepts", fix: [] };
  }
  if (allowed[0] === "*") {
    if (!credentials) return null;
    const what =
      "said `Access-Control-Allow-Origin: *`, which does not count for a request with credentials (the origin has to " +
      "be named)";
    return { what, fix: fixBoth };
  }
  if (allowed[0] !== run.origin) {
    return { what: `allowed \`${allowed[0]}\`, which is not this page’s origin, \`${run.origin}\``, fix: fixBoth };
  }
  if (credentials && valuesOf(exchange.response_headers, "access-control-allow-credentials").join() !== "true") {
    const what =
      "carried no `Access-Control-Allow-Credentials: true`, which a request with credentials needs beside the origin";
    return { what, fix: [fixCredentials] };
  }
  return null;
}

/**
 * What the request needs a preflight to grant, beside the origin.
 *
 * @param {LabRequest} request
 * @param {Exchange} preflight
 * @param {boolean} onlyMissing leaves out what this preflight's answer grants
 * @returns {Lack[]}
 */
function neededGrants(request, preflight, onlyMissing) {
  const needs = [];

  const methods = membersOf(preflight.response_headers, "access-control-allow-methods");
  const everyMethod = !request.credentials && methods.includes("*");
  if (
    !SAFELISTED_METHODS.includes(request.method) &&
    !(onlyMissing && (everyMethod || methods.includes(request.method)))
  ) {
    needs.push({
      what: `${lists("Access-Control-Allow-Methods", methods)} ${request.method}`,
      fix: [`allow_methods = ${list(union(methods, LAB_METHODS, [request.method]))}`],
    });
  }

  const headers = membersOf(preflight.response_headers, "access-control-allow-headers").map((name) =>
    name.toLowerCase(),
  );
  const everyHeader = !request.credentials && headers.includes("*");
  const lacking = unsafeHeaders(request).filter((name) => !(onlyMissing && (everyHeader || headers.includes(name))));
  if (lacking.length > 0) {
    needs.push({
      what: `${lists("Access-Control-Allow-Headers", headers)} ${lacking.map((name) => `\`${name}\``).join(", ")}`,
      fix: [`allow_headers = ${list(union(headers, lacking))}`],
    });
  }
  return needs;
}

/**
 * The headers a preflight has to ask for. The page's requests set none but `Content-Type`.
 *
 * @param {LabRequest} request
 * @returns {string[]} names in lower case
 */
function unsafeHeaders(request) {
  return Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name, value]) => name !== "content-type" || !SAFELISTED_TYPES.includes(value.split(";")[0].trim()))
    .map(([name]) => name);
}

/**
 * Reads on with "the browser first asked with a preflight".
 *
 * @param {LabRequest} request
 * @returns {string}
 */
function needForPreflight(request) {
  if (!SAFELISTED_METHODS.includes(request.method)) {
    return `${request.method} is not a method that pages could always send to other sites, so`;
  }
  const [name] = unsafeHeaders(request);
  if (name === "content-type") {
    return `\`Content-Type: ${request.headers["Content-Type"]}\` is not a type that a plain form could send, so`;
  }
  return name ? `\`${name}\` is not a header that pages could always send to other sites, so` : "Here";
}

/**
 * @param {string} header
 * @param {string[]} members
 * @returns {string} reads on with what is not among them
 */
function lists(header, members) {
  return members.length === 0
    ? `carried no \`${header}\`, which would have to list`
    : `lists only \`${members.join(", ")}\` in \`${header}\`, not`;
}

/**
 * @param {string[]} strings
 * @returns {string} a TOML array
 */
function list(strings) {
  return `[${strings.map((string) => JSON.stringify(string)).join(", ")}]`;
}

/**
 * @param {...string[]} lists
 * @returns {string[]}
 */
function union(...lists) {
  return [...new Set(lists.flat())];
}

/**
 * @param {string} why
 * @returns {Explanation}
 */
function noFix(why) {
  return { why, fix: [] };
}
