// The entry of *Your own API*: the reader's request goes to the Lab, which checks the target and sends what a browser sends;
// then the page sends the real one, and what came of both is shown. Nothing is sent before the reader presses *Send*.

import { ControlError } from "../app/control.js";
import { playOwn, probeOwn, readOwn } from "../app/own.js";
import { engineOf } from "../pure/engine.js";
import { fromOwnFragment, isSafe, orderOf, ownCommand, toOwnFragment } from "../pure/own.js";
import { copyButton } from "../rooms/copy.js";
import { announce, find } from "../rooms/dom.js";
import { turnTo } from "../rooms/page.js";
import { findingsRoom } from "./findings.js";
import { ownForm } from "./form.js";

/**
 * @typedef {import("../app/own.js").OwnView} OwnView
 * @typedef {import("../pure/own.js").Own} Own
 */

const NO_SERVER = "The demo server does not respond. Start it with cargo run -p demo-backend, then reload this page.";

const engine = engineOf(navigator.userAgent);
const page = location.origin;
const form = ownForm({ onSend });
const findings = findingsRoom({ engine, page, onProbe });
/** What was sent last, and what came of it. @type {{own: Own, view: OwnView, observation: Observation | null} | null} */
let last = null;
let isBusy = false;
let sent = 0;

copyButton(find("[data-action=copy-doctor]"), () => ownCommand(form.read(), page));
copyButton(find("[data-action=copy-link]"), () => location.origin + location.pathname + toOwnFragment(form.read()));
window.addEventListener("hashchange", fillIn);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  onSend();
});
// A pointer's focus would scroll the page to where it is already.
find(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find("#own-title").focus();
});
begin();

async function begin() {
  fillIn();
  try {
    const { off, remote } = await readOwn();
    form.open(off, remote);
  } catch {
    form.open(NO_SERVER, false);
  }
  document.documentElement.dataset.ready = "true";
}

/** A link fills in the form, and does no more. */
function fillIn() {
  if (location.hash !== "") form.fill(fromOwnFragment(location.hash));
}

async function onSend() {
  if (isBusy || !form.isOpen()) return;
  const own = form.read();
  const sender = document.activeElement;
  const isDone = await busy(async () => {
    const isConfirmed = form.isConfirmed();
    const view = await playOwn({ ...own, confirmed: isConfirmed, engine });
    // The Lab has checked the target. It says no if a redirect led elsewhere, or a method needs the reader's word.
    const isSent = view.may_send && (isSafe(own.request.method) || isConfirmed);
    const observation = isSent ? await perform(orderOf(own, view), findings.stage) : null;
    last = { own, view, observation };
    findings.show(own, view, observation);
    announce(observation === null ? "Your browser sent nothing." : observation.allowed ? "Allowed." : "Blocked.");
  });
  if (isDone) turnTo(find("[data-room=findings]"), find("#findings-title"), sender);
}

/** @param {string} name of the probe */
async function onProbe(name) {
  if (isBusy || last === null) return;
  const { own, view, observation } = last;
  const isDone = await busy(async () => {
    const next = await probeOwn({ id: view.id, probe: name, after: view.probed });
    last = { own, view: next, observation };
    findings.show(own, next, observation);
    announce("The probe was sent.");
  });
  if (isDone) find("#findings-title").focus({ preventScroll: true });
}

/**
 * @param {() => Promise<void>} act
 * @returns {Promise<boolean>} whether it was done
 */
async function busy(act) {
  let isDone = true;
  isBusy = true;
  form.wait(true);
  form.refuse(null);
  try {
    await act();
  } catch (error) {
    isDone = false;
    last = null;
    findings.clear();
    form.refuse(error instanceof ControlError ? error.message : NO_SERVER);
  }
  form.wait(false);
  isBusy = false;
  sent += 1;
  document.body.dataset.sent = String(sent);
  return isDone;
}
