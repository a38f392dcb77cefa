// Which engine the reader's browser is built on. Only words depend on it: the console message to expect, and the few rules
// where engines part from the standard.

/** @typedef {Exclude<import("../generated/types.js").EngineName, "standard">} Engine */

/** @type {Record<Engine, string>} */
export const ENGINE_NAMES = { chromium: "Chromium", firefox: "Firefox", webkit: "WebKit" };

/**
 * @param {string} agent what the browser calls itself
 * @returns {Engine}
 */
export function engineOf(agent) {
  if (/\bFirefox\//.test(agent)) return "firefox";
  return /\bAppleWebKit\//.test(agent) && !/\b(Chrome|Chromium|HeadlessChrome|Edg)\//.test(agent)
    ? "webkit"
    : "chromium";
}
