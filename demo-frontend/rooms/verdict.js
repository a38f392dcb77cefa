// The verdict's room: what the model predicted, what the browser did, whether the two agree; why, by which rule, what fixes
// it; and, below the wire, what shows it, what the page's script was given, and what the API saw and did meanwhile.

import {
  agreementOf,
  consoleOf,
  effectsOf,
  FIXED,
  fixOf,
  givenOf,
  NEVER_SENT,
  NOT_SENT,
  noPrediction,
  observedBox,
  predictedBox,
  whyOf,
} from "../pure/verdict.js";
import { element, find, headerList, specLink, svg, withCode } from "./dom.js";

const NOT_YET = "not sent yet";

/**
 * @typedef {import("../app/control.js").Prediction} Prediction
 * @typedef {NonNullable<ReturnType<typeof fixOf>>} Fix
 * @typedef {import("../pure/engine.js").Engine} Engine
 * @typedef {import("../pure/verdict.js").Box} Box
 * @typedef {import("../pure/verdict.js").Sent} Sent
 */

/**
 * Opens the room.
 *
 * @param {Engine} engine the reader's
 * @param {{onFix: (fix: Fix) => void, onSend: () => void}} lab
 */
export function verdictRoom(engine, { onFix, onSend }) {
  const room = find("[data-room=verdict]");
  const predicted = find("[data-field=predicted]", room);
  const observed = find("[data-field=observed]", room);
  const agreement = find("[data-field=agreement]", room);
  const reasons = find("[data-part=reasons]", room);
  const stage = find("[data-part=stage]", room);
  const proof = find("[data-part=evidence]", room);
  const given = find("[data-part=given]", room);

  /** @param {Fix} fix */
  function fixButton(fix) {
    const button = element(
      "button",
      { type: "button", class: "primary", "data-action": "apply-fix" },
      "Apply this fix",
    );
    button.addEventListener("click", () => onFix(fix));
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
   * @param {string} detail  why there is nothing of the browser
   * @param {Node[]} words
   */
  function notSent(expected, detail, ...words) {
    showBox(predicted, "The model", expected);
    showBox(observed, "Your browser", { outcome: null, detail });
    agreement.hidden = true;
    for (const part of [stage, proof, given]) part.replaceChildren();
    reasons.replaceChildren(...words);
    delete room.dataset.run;
  }

  return {
    stage,
    /** Nothing is predicted: the reader answers first. */
    hide() {
      notSent({ outcome: null, detail: "after your guess" }, NOT_YET);
    },
    /**
     * @param {Prediction | null} prediction
     * @param {boolean} wasFixed
     * @param {string} why there is none, if there is none
     * @param {boolean} canSend  false if it can only be predicted
     */
    expect(prediction, wasFixed, why, canSend) {
      if (!canSend) {
        const sentence = element("p", {}, prediction === null ? noPrediction(why) : prediction.verdict.sentence);
        const hint = element("p", { class: "hint" }, NEVER_SENT);
        notSent(predictedBox(prediction), "can’t be sent from here", sentence, hint);
        return;
      }
      notSent(
        predictedBox(prediction),
        NOT_YET,
        wasFixed
          ? element("div", { class: "fixed" }, element("p", {}, FIXED), againButton())
          : element("p", { class: "hint" }, prediction === null ? noPrediction(why) : NOT_SENT),
      );
    },
    waiting() {
      showBox(observed, "Your browser", { outcome: null, detail: "sending…" });
      agreement.hidden = true;
      for (const part of [stage, proof, given]) part.replaceChildren();
    },
    /** @param {string} why nothing is known of what was sent */
    lose(why) {
      showBox(observed, "Your browser", { outcome: null, detail: "not known" });
      reasons.replaceChildren(element("p", { class: "hint" }, why));
    },
    /**
     * @param {Sent} sent
     * @param {boolean} canFix whether the policy is the reader's to change here
     */
    show(sent, canFix) {
      showBox(predicted, "The model", predictedBox(sent.prediction));
      showBox(observed, "Your browser", observedBox(sent));
      const agrees = agreementOf(sent);
      agreement.hidden = agrees === null;
      agreement.dataset.agree = String(agrees?.agrees ?? false);
      agreement.replaceChildren(
        element("span", { class: "mark", "aria-hidden": "true" }, agrees?.agrees ? "=" : "≠"),
        element("span", { class: "visually-hidden" }, agrees?.words ?? ""),
      );
      reasons.replaceChildren(
        ...[
          agrees?.warning && element("p", { class: "risk" }, agrees.warning),
          sent.prediction === null && element("p", { class: "hint" }, noPrediction(sent.unpredicted)),
          whyPart(sent),
          fixPart(sent, canFix ? fixButton : null),
        ].filter((part) => part instanceof Node),
      );
      proof.replaceChildren(...[proofPart(sent), consolePart(sent, engine)].filter((part) => part instanceof Node));
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
function showBox(box, title, { outcome, detail }) {
  if (outcome === null) delete box.dataset.verdict;
  else box.dataset.verdict = outcome;
  box.replaceChildren(
    element("h3", {}, title),
    element("p", { class: "word" }, outcome !== null && outcomeMark(outcome), outcome ?? "—"),
    element("p", { class: "detail" }, detail),
  );
}

/** What is drawn within each outcome's shape. */
const MARKS = {
  readable: [
    ["circle", { cx: 10, cy: 10, r: 9 }],
    ["path", { d: "M5.5 10.5l3 3 6-7" }],
  ],
  opaque: [
    ["rect", { x: 1.5, y: 1.5, width: 17, height: 17, rx: 2 }],
    ["path", { d: "M5 15L15 5M2.5 11l8.5-8.5M9 17.5l8.5-8.5" }],
  ],
  blocked: [
    ["path", { d: "M6.3 1h7.4L19 6.3v7.4L13.7 19H6.3L1 13.7V6.3z" }],
    ["path", { d: "M6.5 6.5l7 7m0-7l-7 7" }],
  ],
};

/**
 * Each outcome has its own shape, for whoever can't tell the colours apart.
 *
 * @param {import("../pure/outcome.js").Outcome} outcome
 */
function outcomeMark(outcome) {
  const [outer, inner] = MARKS[outcome].map(([name, attributes], index) =>
    svg(/** @type {"path"} */ (name), {
      .../** @type {object} */ (attributes),
      class: index === 0 ? "shape" : "stroke",
    }),
  );
  return svg("svg", { viewBox: "0 0 20 20", class: "outcome-mark", "aria-hidden": "true" }, outer, inner);
}

/** @param {Sent} sent */
function whyPart(sent) {
  const why = whyOf(sent);
  if (why === null) return null;
  const link = specLink(why.spec, { "data-field": "spec" });
  return element(
    "div",
    { class: why.rule === null ? "why" : "why withheld", "data-cause": why.cause ?? "" },
    element("p", { "data-field": "why" }, ...withCode(why.text)),
    ...why.dangers.map((danger) => element("p", { class: "risk", "data-field": "danger" }, ...withCode(danger))),
    ...why.notes.map((note) => element("p", { class: "note" }, ...withCode(note))),
    why.rule === null
      ? element("p", { class: "rule" }, "The rule: ", link)
      : element("p", { class: "rule", "data-field": "rule" }, "The rule: ", ...withCode(why.rule), " ", link),
  );
}

/**
 * What shows that it is so, and what else would.
 *
 * @param {Sent} sent
 */
function proofPart(sent) {
  const why = whyOf(sent);
  if (why === null || why.evidence.length + why.probes.length === 0) return null;
  return element(
    "div",
    { class: "proof" },
    element("h3", {}, "Evidence"),
    why.evidence.length > 0 && evidence(why.evidence, { "data-field": "evidence", "aria-label": "Evidence" }),
    why.probes.length > 0 &&
      element("p", { class: "note" }, "Your browser sends nothing else. These requests would tell more:"),
    why.probes.length > 0 &&
      evidence(why.probes, { "data-field": "probes", "aria-label": "Requests that would tell more" }),
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
 * @param {((fix: Fix) => HTMLElement) | null} fixButton
 */
function fixPart(sent, fixButton) {
  const fix = fixOf(sent);
  if (fix === null) return null;
  return element(
    "div",
    { class: "fix", "data-field": "fix", "data-place": fix.place },
    element("div", {}, element("h3", {}, fix.title), element("p", {}, ...withCode(fix.change))),
    (fix.patch.length > 0 || fix.hand !== null) && fixButton?.(fix),
    fix.warning && element("p", { class: "risk" }, fix.warning),
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
    note !== null && element("p", { class: "note" }, ...withCode(note)),
    body !== null && element("pre", bodyAttributes, body),
  );
}

/**
 * @param {Sent} sent
 * @returns {HTMLElement}
 */
function apiSide(sent) {
  const { lines, nothing, changes, unchanged, warning } = effectsOf(sent);
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
      : element("p", {}, nothing),
    changes.length > 0
      ? element("ul", { class: "changes" }, ...changes.map((text) => element("li", {}, text)))
      : element("p", { class: "note" }, unchanged),
    warning !== null && element("p", { class: "risk" }, warning),
  );
}
