// The verdict: what the model predicted, what the browser did, whether the two agree; why, by which rule, what would mend
// it; and what the API saw and did meanwhile.

import { ENGINE_NAMES, engine } from "../engine.js";
import { element, find, headerList, prose, specLink } from "../dom.js";
import { withoutSession } from "../place.js";
import { valueOf } from "../story.js";

/**
 * @typedef {import("../control.js").Prediction} Prediction
 * @typedef {import("../control.js").Verdict} Verdict
 * @typedef {import("../control.js").PatchStep} PatchStep
 * @typedef {import("../control.js").Exchange} Exchange
 * @typedef {import("../control.js").Holdings} Holdings
 */

/**
 * @typedef {object} Sent
 * @property {string} run
 * @property {import("../state.js").LabRequest} request
 * @property {Prediction | null} prediction
 * @property {Observation} observation
 * @property {Exchange[]} exchanges
 * @property {Holdings | null} before  what the API held
 * @property {Holdings | null} after
 * @property {boolean} canApply        whether the policy is the reader's to change here
 */

/**
 * Opens the room.
 *
 * @param {{onFix: (patch: PatchStep[]) => void, onSend: () => void}} lab
 */
export function verdictRoom({ onFix, onSend }) {
  const room = find("[data-room=verdict]");
  const predicted = find("[data-field=predicted]", room);
  const observed = find("[data-field=observed]", room);
  const agreement = find("[data-field=agreement]", room);
  const reasons = find("[data-part=reasons]", room);
  const stage = find("[data-part=stage]", room);
  const given = find("[data-part=given]", room);

  /** @param {PatchStep[]} patch */
  function fixButton(patch) {
    const button = element("button", { type: "button", class: "primary", "data-action": "apply-fix" }, "Apply this fix");
    button.addEventListener("click", () => onFix(patch));
    return button;
  }

  function againButton() {
    const button = element("button", { type: "button", class: "primary", "data-action": "send-again" }, "Send again");
    button.addEventListener("click", onSend);
    return button;
  }

  return {
    stage,
    /** Nothing is foretold, for the reader is asked first. */
    hide() {
      verdictBox(predicted, "Predicted", null, "after your answer");
      verdictBox(observed, "Observed", null, "not sent yet");
      agreement.hidden = true;
      for (const part of [reasons, stage, given]) part.replaceChildren();
      delete room.dataset.run;
    },
    /**
     * @param {Prediction | null} prediction
     * @param {boolean} wasFixed
     */
    expect(prediction, wasFixed) {
      verdictBox(predicted, "Predicted", prediction?.verdict.allowed ?? null, prediction ? inShort(prediction.verdict) : "no prediction");
      verdictBox(observed, "Observed", null, "not sent yet");
      agreement.hidden = true;
      delete room.dataset.run;
      stage.replaceChildren();
      given.replaceChildren();
      reasons.replaceChildren(
        wasFixed
          ? element("div", { class: "fixed" }, element("p", {}, "The fix is applied, and in force."), againButton())
          : element("p", { class: "hint" }, "The model foretells it from the policy and the rules; only sending shows what your browser does."),
      );
    },
    waiting() {
      verdictBox(observed, "Observed", null, "sending…");
      agreement.hidden = true;
      for (const part of [stage, given]) part.replaceChildren();
    },
    /** @param {Sent} sent */
    show(sent) {
      const { prediction, observation } = sent;
      const verdict = prediction?.verdict ?? null;
      verdictBox(predicted, "Predicted", verdict?.allowed ?? null, verdict ? inShort(verdict) : "no prediction");
      verdictBox(observed, "Observed", observation.allowed, observedInShort(observation));
      const agrees = verdict?.allowed === observation.allowed;
      agreement.hidden = verdict === null;
      agreement.dataset.agree = String(agrees);
      agreement.replaceChildren(
        element("span", { class: "mark", "aria-hidden": "true" }, agrees ? "=" : "≠"),
        element("span", {}, agrees ? "they agree" : "they differ"),
      );
      reasons.replaceChildren(...(verdict ? explain(verdict, agrees, sent, sent.canApply ? fixButton : null) : []));
      given.replaceChildren(scriptSide(sent), apiSide(sent));
      room.dataset.run = sent.run;
    },
  };
}

/**
 * @param {HTMLElement} box
 * @param {string} title
 * @param {boolean | null} allowed
 * @param {string} text
 */
function verdictBox(box, title, allowed, text) {
  if (allowed === null) delete box.dataset.verdict;
  else box.dataset.verdict = allowed ? "allowed" : "blocked";
  box.replaceChildren(
    element("h3", {}, title),
    element("p", { class: "word" }, allowed === null ? "—" : allowed ? "allowed" : "blocked"),
    element("p", { class: "detail" }, text),
  );
}

/** @type {Record<string, string>} */
const STEPS = {
  request: "by the call itself",
  "main-fetch": "before it was sent",
  preflight: "at the preflight",
  "cors-check": "at the CORS check",
  "resource-policy": "by a resource policy",
  redirect: "at a redirect",
  network: "by the network",
  canvas: "at reading the canvas",
};

/** @param {Verdict} verdict */
function inShort(verdict) {
  if (!verdict.allowed) return STEPS[verdict.step] ?? verdict.step;
  if (verdict.type.startsWith("opaque")) return "an opaque response";
  return verdict.status ? `status ${verdict.status}` : verdict.type;
}

/** @param {Observation} observation */
function observedInShort({ allowed, type, status, error }) {
  if (!allowed) return error?.name ?? "an error";
  if (type.startsWith("opaque")) return "an opaque response";
  return status ? `status ${status}` : "it loaded";
}

/**
 * @param {Verdict} verdict
 * @param {boolean} agrees
 * @param {Sent} sent
 * @param {((patch: PatchStep[]) => HTMLElement) | null} fixButton
 * @returns {HTMLElement[]}
 */
function explain(verdict, agrees, sent, fixButton) {
  const differ = element(
    "p",
    { class: "risk" },
    "The model expected something else than your browser did. Something other than CORS may have stopped it (an extension, " +
      "a lost connection), or the model is wrong; then please report it.",
  );
  const why = element(
    "div",
    { class: "why" },
    element("h3", {}, "Why"),
    element("p", { "data-field": "why" }, ...prose([sentence(verdict.sentence), ...(verdict.allowed ? grounds(sent) : [])].join(" "))),
    element("p", { class: "rule" }, "The rule: ", specLink(verdict.spec, { "data-field": "spec" })),
  );
  if (verdict.allowed) return agrees ? [why] : [differ, why];

  const { change, setting, patch } = verdict.fix;
  const fix = element(
    "div",
    { class: "fix", "data-field": "fix" },
    element("h3", {}, "The fix"),
    element("p", {}, ...prose(sentence(change))),
    setting && element("p", {}, "In the policy: ", ...prose(sentence(setting, false))),
    sent.request.page === "attacker" &&
      element("p", { class: "risk" }, "Think twice: it would let the attacker’s page in. Blocked is what a user would wish for here."),
    patch !== null && patch.length > 0 && fixButton?.(patch),
  );
  const message = verdict.console[engine];
  const console = element(
    "div",
    { class: "console" },
    element("h3", {}, `What ${ENGINE_NAMES[engine]}’s console says of it`),
    element("pre", { "data-field": "console", tabindex: 0, role: "group", "aria-label": "Console message" }, message ?? ""),
  );
  return [...(agrees ? [] : [differ]), why, fix, ...(message ? [console] : [])];
}

/**
 * By what an answer was allowed, in sentences.
 *
 * @param {Sent} sent
 * @returns {string[]}
 */
function grounds({ exchanges, observation, prediction }) {
  const last = exchanges.at(-1);
  if (!last || last.preflight || observation.type !== "cors") return [];
  const origin = valueOf(last.response_headers, "access-control-allow-origin");
  if (origin === null) return [];
  const asked = exchanges.some((exchange) => exchange.preflight);
  return [
    asked ? "The browser asked first, and the preflight’s answer allowed it." : "",
    prediction?.remembered ? "The browser remembered an earlier preflight’s answer, and did not ask again." : "",
    origin === "*"
      ? "The answer says `Access-Control-Allow-Origin: *`: any origin may read it."
      : `The answer’s \`Access-Control-Allow-Origin\` names the asking origin, \`${origin}\`.`,
    valueOf(last.request_headers, "cookie") !== null ? "`Access-Control-Allow-Credentials: true` covers the cookie." : "",
    last.status !== null && last.status >= 400 ? "An error is an answer like any other." : "",
  ].filter((text) => text !== "");
}

/**
 * @param {string} text
 * @param {boolean} [starts]
 */
function sentence(text, starts = true) {
  const begun = starts ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/**
 * @param {Sent} sent
 * @returns {HTMLElement}
 */
function scriptSide({ observation, prediction }) {
  const { allowed, status, headers, body, error, type } = observation;
  const all = prediction?.verdict.allowed && headers.length > 0 ? prediction.verdict.withheld : [];
  // `Set-Cookie` stays hidden whatever a server exposes; the others are of no use to script.
  const withheld = all.filter((name) => !/^(access-control-|vary$|set-cookie$|cdn-cache-control$)/i.test(name));
  const side = element("section", { class: "side" }, element("h3", {}, "What script was given"));
  if (!allowed) {
    side.append(
      element("pre", { class: "error", "data-field": "error" }, error ? `${error.name}: ${error.message}` : "an error"),
      element("p", { class: "note" }, "No status, no headers, no body, and no reason: the reason goes to the console alone."),
    );
    return side;
  }
  if (type.startsWith("opaque") && body === "") {
    side.append(
      element("p", { "data-field": "status" }, `status ${status ?? 0}`),
      element("p", { class: "note" }, "An opaque response: it may be kept or shown, never read. No status, no headers, no body."),
    );
    return side;
  }
  if (status !== null) side.append(element("p", {}, "Status ", element("strong", { "data-field": "status" }, String(status))));
  if (headers.length > 0) side.append(element("h4", {}, "Readable headers"), headerList(headers, { "data-field": "headers" }));
  if (withheld.length > 0) {
    const names = withheld.map((name) => `\`${name}\``).join(", ");
    side.append(element("p", { class: "note" }, ...prose(`Sent, but kept from script: ${names}. Listing them in \`expose_headers\` shows them.`)));
  }
  if (body !== "") {
    side.append(
      element("pre", { class: "body", "data-field": "body", tabindex: 0, role: "group", "aria-label": "Body that script was given" }, indented(body)),
    );
  }
  return side;
}

/**
 * @param {Sent} sent
 * @returns {HTMLElement}
 */
function apiSide({ exchanges, before, after, observation }) {
  const lines = exchanges.map((exchange) => {
    const path = withoutSession(exchange.target);
    const what = exchange.preflight
      ? `answered the preflight ${exchange.status ?? ""}`
      : valueOf(exchange.response_headers, "x-lab-cache") === "hit"
        ? "saw nothing: the cache answered"
        : exchange.reached_handler
          ? `ran the handler and answered ${exchange.status ?? ""}`
          : `answered ${exchange.status ?? "nothing"} before any handler ran`;
    return element("li", {}, element("code", {}, `${exchange.method} ${path}`), ` ${what}`);
  });
  const changes = before && after ? changesOf(before, after) : [];
  const withheld = !observation.allowed && changes.length > 0;
  return element(
    "section",
    { class: "side", "data-field": "effects" },
    element("h3", {}, "What the API saw and did"),
    lines.length > 0 ? element("ol", {}, ...lines) : element("p", {}, "It saw nothing: nothing was sent to it."),
    changes.length > 0 && element("ul", { class: "changes" }, ...changes.map((text) => element("li", {}, text))),
    changes.length === 0 && element("p", { class: "note" }, "Nothing it holds has changed."),
    withheld && element("p", { class: "risk" }, "The answer was withheld, and the change was made all the same."),
  );
}

/**
 * @param {Holdings} before
 * @param {Holdings} after
 * @returns {string[]}
 */
function changesOf(before, after) {
  const was = new Map(before.notes.map(({ id, text }) => [id, text]));
  const is = new Map(after.notes.map(({ id, text }) => [id, text]));
  const changes = [];
  for (const [id, text] of is) {
    const old = was.get(id);
    if (old === undefined) changes.push(`Note ${id} is new: “${text}”`);
    else if (old !== text) changes.push(`Note ${id} was “${old}”, and is “${text}”`);
  }
  for (const [id, text] of was) if (!is.has(id)) changes.push(`Note ${id} is gone: “${text}”`);
  if (after.visits !== before.visits) changes.push(`It counts ${after.visits} visits, ${before.visits} before`);
  return changes;
}

/**
 * JSON is set out over lines; anything else is left as it came.
 *
 * @param {string} body
 */
function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
