// What the sections of the standards are called to which verdicts link, so that a link says where it leads.

const FETCH = "https://fetch.spec.whatwg.org/#";

/** @type {Readonly<Record<string, string>>} by address */
const NAMES = {
  [`${FETCH}dom-request`]: "the Request constructor in the Fetch Standard",
  [`${FETCH}headers-validate`]: "valid headers in the Fetch Standard",
  [`${FETCH}port-blocking`]: "blocked ports in the Fetch Standard",
  [`${FETCH}main-fetch`]: "the main fetch in the Fetch Standard",
  [`${FETCH}data-url-processor`]: "data: URLs in the Fetch Standard",
  [`${FETCH}concept-network-error`]: "network errors in the Fetch Standard",
  [`${FETCH}cors-check`]: "the CORS check in the Fetch Standard",
  [`${FETCH}cors-preflight-fetch-0`]: "the CORS-preflight fetch in the Fetch Standard",
  [`${FETCH}cors-non-wildcard-request-header-name`]: "headers that “*” does not cover in the Fetch Standard",
  [`${FETCH}http-fetch`]: "HTTP fetch in the Fetch Standard",
  [`${FETCH}http-redirect-fetch`]: "redirects in the Fetch Standard",
  [`${FETCH}cross-origin-resource-policy-header`]: "Cross-Origin-Resource-Policy in the Fetch Standard",
  [`${FETCH}cors-protocol-and-http-caches`]: "CORS and HTTP caches in the Fetch Standard",
  [`${FETCH}concept-filtered-response-basic`]: "basic responses in the Fetch Standard",
  [`${FETCH}concept-filtered-response-opaque`]: "opaque responses in the Fetch Standard",
  [`${FETCH}concept-filtered-response-opaque-redirect`]: "opaque redirects in the Fetch Standard",
  [`${FETCH}concept-request-destination`]: "what a request is for in the Fetch Standard",
  "https://html.spec.whatwg.org/multipage/canvas.html#security-with-canvas-elements":
    "the security of canvas elements in the HTML Standard",
  "https://webidl.spec.whatwg.org/#es-ByteString": "byte strings in the Web IDL Standard",
  "https://drafts.csswg.org/css-fonts/#font-fetching-requirements": "how fonts are fetched, in CSS Fonts",
  "https://w3c.github.io/webappsec-mixed-content/#should-block-fetch": "what is blocked as mixed content",
  "https://wicg.github.io/local-network-access/": "Local Network Access",
};

/**
 * @param {string} address
 * @returns {string}
 */
export function sectionName(address) {
  return NAMES[address] ?? `the standard at ${new URL(address).host}`;
}
