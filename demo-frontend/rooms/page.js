// The page around the rooms: where all is, whether the server is there, and how far things are, for those who look at it
// from outside.

import { observedOutcome, predictedOutcome } from "../pure/outcome.js";
import { announce, element, find, setText } from "./dom.js";

const NO_SERVER =
  "The Lab’s server does not respond. Start it with cargo run -p demo-backend; this page then reconnects.";

/** Each outcome as a sentence begins with it. */
const OUTCOMES = { readable: "Readable", opaque: "Opaque", blocked: "Blocked" };
const TITLE = document.title;

/** @param {Pick<import("../app/control.js").Config, "page" | "api" | "attacker">} config */
export function showOrigins(config) {
  for (const name of /** @type {const} */ (["page", "api", "attacker"])) {
    for (const place of document.querySelectorAll(`[data-shows=${name}]`)) setText(place, config[name]);
  }
}

/** @param {boolean} isDown */
export function showNotice(isDown) {
  const notice = find("#server-notice");
  notice.hidden = !isDown;
  setText(notice, isDown ? NO_SERVER : "");
}

/** The page can be used. */
export function showReady() {
  document.documentElement.dataset.ready = "true";
}

/** @param {string | null} id the lesson that has begun, if one has */
export function showLesson(id) {
  if (id === null) delete document.body.dataset.lesson;
  else document.body.dataset.lesson = id;
}

/** @param {string | null} title of the lesson that is shown, if one is */
export function showTitle(title) {
  document.title = title === null ? TITLE : `${title} · ${TITLE}`;
}

/** @param {import("../pure/verdict.js").Sent | null} sent what was sent last, if anything was since the lesson began */
export function showSent(sent) {
  if (sent === null) {
    delete document.body.dataset.run;
    return;
  }
  const { run, observation, prediction } = sent;
  document.body.dataset.run = run;
  const outcome = observedOutcome(observation);
  const agrees = prediction !== null && predictedOutcome(prediction.verdict) === outcome;
  announce(`${OUTCOMES[outcome]}, ${agrees ? "as predicted" : "not as predicted"}.`);
}

/**
 * Brings the verdict into view, and the focus to it: that is where the news is. Whoever has begun something else meanwhile is
 * left in peace.
 *
 * @param {Element | null} sender what had the focus when the request was sent
 */
export function turnToVerdict(sender) {
  const room = find("[data-room=verdict]");
  room.scrollTop = 0;
  const now = document.activeElement;
  if (now === sender || now === document.body || now === null) find("#verdict-title").focus({ preventScroll: true });
  const { top, bottom } = room.getBoundingClientRect();
  // On a wide screen the verdict stands next to the button, and the page stays still.
  if (top < 0 || top > window.innerHeight * 0.5 || bottom < 0) room.scrollIntoView({ block: "start" });
}

/**
 * A stage that nobody sees.
 *
 * @template T
 * @param {(stage: HTMLElement) => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function behindTheScenes(act) {
  const stage = element("div", { class: "visually-hidden", inert: true });
  document.body.append(stage);
  try {
    return await act(stage);
  } finally {
    stage.remove();
  }
}
