// Which engine the reader's browser is built on. Only words depend on it: the console message to expect, and the few rules
// where engines part from the standard.

/** @type {Record<string, string>} */
export const ENGINE_NAMES = { chromium: "Chromium", firefox: "Firefox", webkit: "WebKit" };

/** @returns {"chromium" | "firefox" | "webkit"} */
function ofThisBrowser() {
  const agent = navigator.userAgent;
  if (/\bFirefox\//.test(agent)) return "firefox";
  return /\bAppleWebKit\//.test(agent) && !/\b(Chrome|Chromium|HeadlessChrome|Edg)\//.test(agent)
    ? "webkit"
    : "chromium";
}

export const engine = ofThisBrowser();
