// The page's entry: connects the buttons, the result cards and the policy panel, and keeps in touch with the demo
// server, which may stop and come back.

import { readConfig, readExchanges, readPolicy } from "./control.js";
import { announce, find, setText } from "./dom.js";
import { explain } from "./explain.js";
import { showPolicy } from "./policy-panel.js";
import { fetchArguments, newRun, requests } from "./requests.js";
import { completeCard, pendingCard, showScriptSide } from "./result-card.js";
import { send } from "./script-outcome.js";

const KEPT_CARDS = 20;
const POLL_MS = 1000;

/**
 * The API's origin; null until the demo server has told it.
 *
 * @type {string | null}
 */
let api = null;

/** Whether the server that told it may since have been replaced by another, with its API elsewhere. */
let configIsOld = true;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let nextPoll;

for (const name of document.querySelectorAll('[data-shows="page-origin"]')) setText(name, location.origin);
for (const button of document.querySelectorAll("button[data-request]")) {
  button.addEventListener("click", () => run(button.getAttribute("data-request") ?? ""));
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") poll();
});
poll();

/**
 * Sends one request and tells its story in a new card.
 *
 * @param {string} key which button
 */
async function run(key) {
  const request = requests[key];
  if (!request || api === null) return;
  const target = api;
  const id = newRun();
  const card = pendingCard(id, key, request, target);
  addCard(card);

  const outcome = await send(...fetchArguments(request, target, id));
  showScriptSide(card, outcome);

  const exchanges = await readExchanges(id, outcome).catch(() => null);
  const story = { request, outcome, exchanges, origin: location.origin, api: target };
  completeCard(card, story, explain(story));
  announce(`${request.title}: ${outcome.kind === "readable" ? `readable, status ${outcome.status}` : "blocked"}.`);
  bringIntoView(card);
}

/**
 * @param {HTMLElement} card
 */
function addCard(card) {
  const results = find("#results");
  find("#no-results").hidden = true;
  results.prepend(card);
  while (results.childElementCount > KEPT_CARDS) results.lastElementChild?.remove();
}

/**
 * On a phone the results lie below the buttons, out of sight. On a wide screen the two stand side by side, and the page
 * stays still.
 *
 * @param {HTMLElement} card
 */
function bringIntoView(card) {
  if (card.getBoundingClientRect().top > window.innerHeight * 0.7) card.scrollIntoView({ block: "start" });
}

/** Reads the policy, and first of all the configuration, once a second while the page is visible. */
async function poll() {
  clearTimeout(nextPoll);
  try {
    if (configIsOld) useConfig(await readConfig());
    showPolicy(await readPolicy());
    noticeServer(true);
  } catch {
    configIsOld = true;
    noticeServer(false);
  }
  clearTimeout(nextPoll);
  if (document.visibilityState === "visible") nextPoll = setTimeout(poll, POLL_MS);
}

/**
 * @param {{api: string}} config
 */
function useConfig(config) {
  api = config.api;
  configIsOld = false;
  for (const name of document.querySelectorAll('[data-shows="api-origin"]')) setText(name, api);
  for (const button of document.querySelectorAll("button[data-request]")) button.removeAttribute("disabled");
  document.documentElement.dataset.ready = "true";
}

/**
 * @param {boolean} answering
 */
function noticeServer(answering) {
  const notice = find("#server-notice");
  if (notice.hidden === answering) return;
  notice.hidden = answering;
  const message = answering
    ? "The demo server is back."
    : "The demo server has stopped. Start it again with cargo run -p demo-backend; this page picks up by itself.";
  setText(notice, answering ? "" : message);
  announce(message);
}
