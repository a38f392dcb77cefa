// The paths of the API, `/s/<session>/cached/api/<route>`, and those of the server written by hand, which have `hand` in place
// of `api`: all that the page builds or reads of them. Their parts are the server's own constants.

import { PATHS, SERVERS } from "../generated/constants.js";

/** @typedef {import("../generated/types.js").ServerKind} ServerKind */

/**
 * @typedef {object} Place
 * @property {string} session
 * @property {boolean} cached  through the shared cache
 * @property {ServerKind} server
 * @property {string} route
 */

/** What stands before the route. */
export const PREFIXES = { policy: PATHS.api, hand: PATHS.hand };

/**
 * @param {Place} place
 * @returns {string}
 */
export function pathOf({ session, cached, server, route }) {
  const prefix = session === PATHS.default_session ? "" : PATHS.session + session;
  return prefix + (cached ? PATHS.cached : "") + PREFIXES[server] + route;
}

/**
 * Takes a path apart.
 *
 * @param {string} path
 * @returns {Place | null} null if it is not one of the API's
 */
export function placeOf(path) {
  const hasSession = path.startsWith(PATHS.session);
  const end = hasSession ? path.indexOf("/", PATHS.session.length) : 0;
  if (end === -1) return null;
  const session = hasSession ? path.slice(PATHS.session.length, end) : PATHS.default_session;
  const cached = path.startsWith(PATHS.cached, end);
  const rest = path.slice(cached ? end + PATHS.cached.length : end);
  const server = SERVERS.find((one) => rest.startsWith(PREFIXES[one]));
  // The session that a file governs has no server written by hand.
  if (server === undefined || (server === "hand" && !hasSession)) return null;
  return { session, cached, server, route: rest.slice(PREFIXES[server].length) };
}

/**
 * Whether the log of a session has a request under the name of its run. A path with `..`, `?` or `#` in it may lead elsewhere.
 *
 * @param {URL} url
 * @param {string} session
 * @param {string} run
 */
export function isLogged({ pathname, searchParams }, session, run) {
  return placeOf(pathname)?.session === session && searchParams.get("run") === run;
}

/**
 * @param {string} query
 * @param {string | null} run
 * @returns {string} the query with its `?`, if there is any
 */
export function withRun(query, run) {
  const parts = [query, run === null ? "" : PATHS.run + run].filter((part) => part !== "");
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

/**
 * A target of the API without what is different each time: the session and the run.
 *
 * @param {string} target path and query
 * @returns {string}
 */
export function withoutSession(target) {
  const mark = target.indexOf("?");
  const [path, query] = mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)];
  const place = placeOf(path);
  const parts = query.split("&").filter((part) => !part.startsWith(PATHS.run));
  return (
    (place === null ? path : pathOf({ ...place, session: PATHS.default_session })) + withRun(parts.join("&"), null)
  );
}
