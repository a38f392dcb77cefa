// Paths of the API as people read them: without the session that stands in front of them, and the run behind.

/**
 * @param {string} path
 * @returns {string}
 */
export function withoutSession(path) {
  return path.replace(/^\/s\/[^/]+/, "");
}

/**
 * @param {string} path
 * @returns {string} what comes below `/api/`
 */
export function shortPath(path) {
  return withoutSession(path).replace(/^(?:\/cached)?\/api\//, "");
}

/**
 * @param {string} target path and query
 * @returns {string}
 */
export function shortTarget(target) {
  const [path, query = ""] = withoutSession(target).split("?", 2);
  const rest = query.split("&").filter((part) => !part.startsWith("run="));
  return rest.join("&") === "" ? path : `${path}?${rest.join("&")}`;
}
