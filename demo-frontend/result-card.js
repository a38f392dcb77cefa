// One press of a button, from "sending" to both sides of the story. The data-* attributes are what automated browser
// tests read: a card counts as told when its `data-state` is "done".

import { element, prose } from "./dom.js";
import { fetchSource } from "./requests.js";
import { hiddenHeaders, scriptSide } from "./script-side.js";
import { wireSide } from "./wire-side.js";

/**
 * @param {string} run
 * @param {string} key which button
 * @param {import("./requests.js").LabRequest} request
 * @param {string} api
 * @returns {HTMLElement}
 */
export function pendingCard(run, key, request, api) {
  const titleId = `title-${run}`;
  const now = new Date();
  return element(
    "article",
    { "data-run": run, "data-request": key, "data-state": "pending", "aria-labelledby": titleId, "aria-busy": "true" },
    element(
      "header",
      {},
      element("h3", { id: titleId }, element("span", { class: "method" }, request.method), " ", request.title),
      element("time", { datetime: now.toISOString() }, now.toLocaleTimeString()),
    ),
    element(
      "details",
      { class: "call" },
      element("summary", {}, "The call that script made"),
      element(
        "pre",
        { tabindex: "0", role: "group", "aria-label": "The call that script made" },
        fetchSource(request, api),
      ),
    ),
    element(
      "div",
      { class: "sides" },
      element(
        "section",
        { class: "side", "data-side": "script" },
        element("h4", {}, "What script was given"),
        element("p", { class: "waiting" }, "Waiting for the browser…"),
      ),
      element(
        "section",
        { class: "side", "data-side": "wire" },
        element("h4", {}, "What the API saw and answered"),
        element("p", { class: "waiting" }, "Waiting for the log…"),
      ),
    ),
  );
}

/**
 * @param {HTMLElement} card
 * @param {import("./script-outcome.js").Outcome} outcome
 */
export function showScriptSide(card, outcome) {
  fill(card, "script", scriptSide(outcome));
}

/**
 * Shows the wire and the explanation, and with that completes the card.
 *
 * @param {HTMLElement} card
 * @param {import("./explain.js").Run} run
 * @param {import("./explain.js").Explanation} explanation
 */
export function completeCard(card, run, explanation) {
  const exchanges = run.exchanges ?? [];
  fill(card, "wire", wireSide(run));
  const hidden = hiddenHeaders(run.outcome, exchanges);
  if (hidden) card.querySelector('[data-field="headers"]')?.after(hidden);
  card.querySelector(".sides")?.append(whySection(explanation));
  card.dataset.outcome = run.outcome.kind;
  card.dataset.exchanges = String(exchanges.length);
  card.dataset.state = "done";
  card.removeAttribute("aria-busy");
}

/**
 * @param {import("./explain.js").Explanation} explanation
 * @returns {HTMLElement}
 */
function whySection({ why, fix }) {
  const section = element("section", { class: "why", "data-field": "why" });
  section.append(element("h4", {}, "Why"));
  if (fix.length === 0) {
    section.append(element("p", {}, ...prose(why)));
  } else {
    section.append(
      element("p", {}, ...prose(`${why} To allow it, put this in \`cors.toml\`:`)),
      element("pre", { class: "fix" }, fix.join("\n")),
    );
  }
  return section;
}

/**
 * @param {HTMLElement} card
 * @param {"script" | "wire"} side
 * @param {HTMLElement[]} content replaces all but the heading
 */
function fill(card, side, content) {
  const section = card.querySelector(`[data-side="${side}"]`);
  const heading = section?.querySelector("h4");
  if (section && heading) section.replaceChildren(heading, ...content);
}
