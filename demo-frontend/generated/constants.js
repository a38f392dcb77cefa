// Generated from the constants of demo-backend; see page/generated.rs. To write it anew:
// UPDATE_EXPECT=1 cargo test -p demo-backend --lib generated

/**
 * @typedef {import("./types.js").BodyContentType} BodyContentType
 * @typedef {import("./types.js").BodyType} BodyType
 * @typedef {import("./types.js").KindRules} KindRules
 * @typedef {import("./types.js").LabRequest} LabRequest
 * @typedef {import("./types.js").RequestKind} RequestKind
 * @typedef {import("./types.js").SendingPage} SendingPage
 */

/**
 * What each kind of request can carry, and what the page calls it.
 *
 * @type {Readonly<Record<RequestKind, KindRules>>}
 */
export const KINDS = {
  "fetch": {"credentials":["same-origin","include","omit"],"mode":["cors","no-cors","same-origin"],"name":"fetch()","path":"notes","payload":true,"redirect":["follow","manual","error"]},
  "xhr": {"credentials":["same-origin","include"],"mode":["cors"],"name":"XMLHttpRequest","path":"notes","payload":true,"redirect":["follow"]},
  "font": {"credentials":["same-origin"],"mode":["cors"],"name":"Web font (FontFace)","path":"font","payload":false,"redirect":["follow"]},
  "image": {"credentials":["include"],"mode":["no-cors"],"name":"Image","path":"image.png","payload":false,"redirect":["follow"]},
  "image-cors": {"credentials":["same-origin","include"],"mode":["cors"],"name":"Image with crossorigin","path":"image.png","payload":false,"redirect":["follow"]},
  "canvas": {"credentials":["same-origin","include"],"mode":["cors","no-cors"],"name":"Image read back through a canvas","path":"image.png","payload":false,"redirect":["follow"]},
  "module": {"credentials":["same-origin","include"],"mode":["cors"],"name":"ES module script","path":"module.js","payload":false,"redirect":["follow"]},
  "events": {"credentials":["same-origin","include"],"mode":["cors"],"name":"EventSource","path":"events","payload":false,"redirect":["follow"]},
};

/**
 * Where a body's `Content-Type` comes from.
 *
 * @type {Readonly<Record<BodyType, BodyContentType>>}
 */
export const BODY_TYPES = {
  "application/json": {"browser":"text/plain;charset=UTF-8","script":"application/json"},
  "text/plain": {"browser":"text/plain;charset=UTF-8","script":null},
  "form": {"browser":"application/x-www-form-urlencoded;charset=UTF-8","script":null},
};

/**
 * The pages that can send a request.
 *
 * @type {readonly SendingPage[]}
 */
export const PAGES = ["lab","attacker","sandbox"];

/**
 * What a request is where nothing else is said.
 *
 * @type {Readonly<LabRequest>}
 */
export const DEFAULT_REQUEST = {
  "body": null,
  "cached": false,
  "credentials": "same-origin",
  "headers": [],
  "kind": "fetch",
  "method": "GET",
  "mode": "cors",
  "page": "lab",
  "path": "notes",
  "query": "",
  "redirect": "follow",
  "same_url": false,
};

/** The settings of a policy that are lists. */
export const LISTS = /** @type {const} */ (["allow_origins","allow_methods","allow_headers","expose_headers"]);

/** The settings of a policy that accept a risk. */
export const DANGERS = /** @type {const} */ (["danger_allow_insecure_origins","danger_allow_public_suffixes"]);

/** The parts of an API path, and the query's parameter that names a run. */
export const PATHS = /** @type {const} */ ({
  "session": "/s/",
  "default_session": "default",
  "cached": "/cached",
  "api": "/api/",
  "run": "run=",
});
