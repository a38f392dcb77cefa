// The paths of the API, `/s/<session>/cached/api/<route>`: all that the page builds or reads of them. Their parts are the
// server's own constants.

import { PATHS } from "../generated/constants.js";

/**
 * @param {string} session
 * @param {boolean} cached  through the shared cache
 * @param {string} route
 * @returns {string}
 */
export function pathOf(session, cached, route) {
  const prefix = session === PATHS.default_session ? "" : PATHS.session + session;
  return prefix + (cached ? PATHS.cached : "") + PATHS.api + route;
}

/**
 * Takes a path apart.
 *
 * @param {string} path
 * @returns {{session: string, cached: boolean, route: string} | null} null if it is not one of the API's
 */
export function placeOf(path) {
  const hasSession = path.startsWith(PATHS.session);
  const end = hasSession ? path.indexOf("/", PATHS.session.length) : 0;
  if (end === -1) return null;
  const session = hasSession ? path.slice(PATHS.session.length, end) : PATHS.default_session;
  const cached = path.startsWith(PATHS.cached, end);
  const rest = path.slice(cached ? end + PATHS.cached.length : end);
  return rest.startsWith(PATHS.api) ? { session, cached, route: rest.slice(PATHS.api.length) } : null;
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
    (place === null ? path : pathOf(PATHS.default_session, place.cached, place.route)) + withRun(parts.join("&"), null)
  );
}
