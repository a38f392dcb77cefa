// The verdict's room: what the model predicted, what the browser did, whether the two agree; why, by which rule, what fixes
// it; and what the API saw and did meanwhile.

import {
  agreementOf,
  consoleOf,
  effectsOf,
  FIXED,
  fixOf,
  givenOf,
  NOT_SENT,
  observedBox,
  predictedBox,
  whyOf,
} from "../pure/verdict.js";
import { element, find, headerList, prose, specLink } from "./dom.js";

/**
 * @typedef {import("../app/control.js").Prediction} Prediction
 * @typedef {import("../app/control.js").PatchStep} PatchStep
 * @typedef {import("../pure/engine.js").Engine} Engine
 * @typedef {import("../pure/verdict.js").Box} Box
 * @typedef {import("../pure/verdict.js").Sent} Sent
 */

/**
 * Opens the room.
 *
 * @param {Engine} engine the reader's
 * @param {{onFix: (patch: PatchStep[]) => void, onSend: () => void}} lab
 */
export function verdictRoom(engine, { onFix, onSend }) {
  const room = find("[data-room=verdict]");
  const predicted = find("[data-field=predicted]", room);
  const observed = find("[data-field=observed]", room);
  const agreement = find("[data-field=agreement]", room);
  const reasons = find("[data-part=reasons]", room);
  const stage = find("[data-part=stage]", room);
  const given = find("[data-part=given]", room);

  /** @param {PatchStep[]} patch */
  function fixButton(patch) {
    const button = element(
      "button",
      { type: "button", class: "primary", "data-action": "apply-fix" },
      "Apply this fix",
    );
    button.addEventListener("click", () => onFix(patch));
    return button;
  }

  function againButton() {
    const button = element("button", { type: "button", class: "primary", "data-action": "send-again" }, "Send again");
    button.addEventListener("click", onSend);
    return button;
  }

  /**
   * Before a request is sent.
   *
   * @param {Box} expected
   * @param {Node[]} words
   */
  function notSent(expected, ...words) {
    showBox(predicted, "Predicted", expected);
    showBox(observed, "Observed", { allowed: null, detail: "not sent yet" });
    agreement.hidden = true;
    stage.replaceChildren();
    given.replaceChildren();
    reasons.replaceChildren(...words);
    delete room.dataset.run;
  }

  return {
    stage,
    /** Nothing is predicted: the reader answers first. */
    hide() {
      notSent({ allowed: null, detail: "after your answer" });
    },
    /**
     * @param {Prediction | null} prediction
     * @param {boolean} wasFixed
     */
    expect(prediction, wasFixed) {
      notSent(
        predictedBox(prediction),
        wasFixed
          ? element("div", { class: "fixed" }, element("p", {}, FIXED), againButton())
          : element("p", { class: "hint" }, NOT_SENT),
      );
    },
    waiting() {
      showBox(observed, "Observed", { allowed: null, detail: "sending…" });
      agreement.hidden = true;
      for (const part of [stage, given]) part.replaceChildren();
    },
    /**
     * @param {Sent} sent
     * @param {boolean} canFix whether the policy is the reader's to change here
     */
    show(sent, canFix) {
      showBox(predicted, "Predicted", predictedBox(sent.prediction));
      showBox(observed, "Observed", observedBox(sent.observation));
      const agrees = agreementOf(sent);
      agreement.hidden = agrees === null;
      agreement.dataset.agree = String(agrees?.agrees ?? false);
      agreement.replaceChildren(
        element("span", { class: "mark", "aria-hidden": "true" }, agrees?.agrees ? "=" : "≠"),
        element("span", {}, agrees?.words ?? ""),
      );
      reasons.replaceChildren(
        ...[
          agrees?.warning && element("p", { class: "risk" }, agrees.warning),
          whyPart(sent),
          fixPart(sent, canFix ? fixButton : null),
          consolePart(sent, engine),
        ].filter((part) => part instanceof Node),
      );
      given.replaceChildren(scriptSide(sent), apiSide(sent));
      room.dataset.run = sent.run;
    },
  };
}

/**
 * @param {HTMLElement} box
 * @param {string} title
 * @param {Box} shown
 */
function showBox(box, title, { allowed, detail }) {
  if (allowed === null) delete box.dataset.verdict;
  else box.dataset.verdict = allowed ? "allowed" : "blocked";
  box.replaceChildren(
    element("h3", {}, title),
    element("p", { class: "word" }, allowed === null ? "—" : allowed ? "allowed" : "blocked"),
    element("p", { class: "detail" }, detail),
  );
}

/** @param {Sent} sent */
function whyPart(sent) {
  const why = whyOf(sent);
  if (why === null) return null;
  const link = specLink(why.spec, { "data-field": "spec" });
  return element(
    "div",
    { class: "why", "data-cause": why.cause ?? "" },
    element("h3", {}, "Why"),
    element("p", { "data-field": "why" }, ...prose(why.text)),
    why.evidence.length > 0 && evidence(why.evidence, { "data-field": "evidence", "aria-label": "What shows it" }),
    why.probes.length > 0 &&
      element("p", { class: "note" }, "Your browser sends no more than that. Other requests would tell:"),
    why.probes.length > 0 && evidence(why.probes, { "data-field": "probes", "aria-label": "What else would tell" }),
    ...why.notes.map((note) => element("p", { class: "note" }, note)),
    why.rule === null
      ? element("p", { class: "rule" }, "The rule: ", link)
      : element("p", { class: "rule", "data-field": "rule" }, "The rule: ", ...prose(why.rule), " ", link),
  );
}

/**
 * @param {string[]} lines
 * @param {Record<string, string>} attributes
 */
function evidence(lines, attributes) {
  return element("ul", { class: "evidence", ...attributes }, ...lines.map((line) => element("li", {}, line)));
}

/**
 * @param {Sent} sent
 * @param {((patch: PatchStep[]) => HTMLElement) | null} fixButton
 */
function fixPart(sent, fixButton) {
  const fix = fixOf(sent);
  if (fix === null) return null;
  return element(
    "div",
    { class: "fix", "data-field": "fix", "data-place": fix.place },
    element("h3", {}, fix.title),
    element("p", {}, ...prose(fix.change)),
    fix.warning && element("p", { class: "risk" }, fix.warning),
    fix.patch.length > 0 && fixButton?.(fix.patch),
  );
}

/**
 * @param {Sent} sent
 * @param {Engine} engine
 */
function consolePart(sent, engine) {
  const console = consoleOf(sent, engine);
  if (console === null) return null;
  const attributes = { "data-field": "console", tabindex: 0, role: "group", "aria-label": "Console message" };
  return element(
    "div",
    { class: "console" },
    element("h3", {}, console.title),
    element("pre", attributes, console.message),
  );
}

/**
 * @param {Sent} sent
 * @returns {HTMLElement}
 */
function scriptSide(sent) {
  const { error, status, headers, note, body } = givenOf(sent);
  const bodyAttributes = {
    class: "body",
    "data-field": "body",
    tabindex: 0,
    role: "group",
    "aria-label": "Body that the page’s script was given",
  };
  return element(
    "section",
    { class: "side" },
    element("h3", {}, "What the page’s script was given"),
    error !== null && element("pre", { class: "error", "data-field": "error" }, error),
    status !== null && element("p", {}, "Status ", element("strong", { "data-field": "status" }, status)),
    headers.length > 0 && element("h4", {}, "Readable headers"),
    headers.length > 0 && headerList(headers, { "data-field": "headers" }),
    note !== null && element("p", { class: "note" }, ...prose(note)),
    body !== null && element("pre", bodyAttributes, body),
  );
}

/**
 * @param {Sent} sent
 * @returns {HTMLElement}
 */
function apiSide(sent) {
  const { lines, changes, warning } = effectsOf(sent);
  return element(
    "section",
    { class: "side", "data-field": "effects" },
    element("h3", {}, "What the API saw and did"),
    lines.length > 0
      ? element(
          "ol",
          {},
          ...lines.map(({ request, effect }) => element("li", {}, element("code", {}, request), ` ${effect}`)),
        )
      : element("p", {}, "It saw nothing: nothing was sent to it."),
    changes.length > 0
      ? element("ul", { class: "changes" }, ...changes.map((text) => element("li", {}, text)))
      : element("p", { class: "note" }, "Nothing it holds has changed."),
    warning !== null && element("p", { class: "risk" }, warning),
  );
}
