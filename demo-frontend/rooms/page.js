// The page around the rooms: where all is, whether the server is there, and how far things are, for those who look at it
// from outside.

import { announce, element, find, setText } from "./dom.js";

const NO_SERVER =
  "The demo server does not respond. Start it with cargo run -p demo-backend; this page reconnects by itself.";

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

/** @param {import("../pure/verdict.js").Sent | null} sent what was sent last, if anything was since the lesson began */
export function showSent(sent) {
  if (sent === null) {
    delete document.body.dataset.run;
    return;
  }
  const { run, observation, prediction } = sent;
  document.body.dataset.run = run;
  const agrees = prediction?.verdict.allowed === observation.allowed;
  announce(`${observation.allowed ? "Allowed" : "Blocked"}, ${agrees ? "as predicted" : "other than predicted"}.`);
  // On a phone the outcome lies far below the button. On a wide screen all stand side by side, and the page stays still.
  const room = find("[data-room=wire]");
  find(".outcome").scrollTop = 0;
  if (room.getBoundingClientRect().top > window.innerHeight * 0.6) room.scrollIntoView({ block: "start" });
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
