// The page's entry: makes the rooms and the controllers, ties them together, and keeps the address in step with them.

import { Attempt } from "./app/attempt.js";
import * as control from "./app/control.js";
import { createRun } from "./app/run.js";
import { send } from "./app/send.js";
import { createSession } from "./app/session.js";
import { fromFragment, opened, toFragment } from "./pure/address.js";
import { engineOf } from "./pure/engine.js";
import { trueOf } from "./pure/goal.js";
import { firstRequest, readLessons } from "./pure/lessons.js";
import { patched } from "./pure/patch.js";
import { LISTS, noPolicy, toHand, toPolicy, toRequest } from "./pure/state.js";
import { copyButton } from "./rooms/copy.js";
import { announce, find } from "./rooms/dom.js";
import { handRoom } from "./rooms/hand.js";
import { lessonsRoom, plain } from "./rooms/lessons.js";
import {
  behindTheScenes,
  showLesson,
  showNotice,
  showOrigins,
  showReady,
  showSent,
  showTitle,
  turnToVerdict,
} from "./rooms/page.js";
import { policyRoom } from "./rooms/policy.js";
import { requestRoom } from "./rooms/request.js";
import { verdictRoom } from "./rooms/verdict.js";
import { wireRoom } from "./rooms/wire.js";

/**
 * @typedef {import("./app/control.js").HandWritten} HandWritten
 * @typedef {import("./app/control.js").PatchStep} PatchStep
 * @typedef {import("./app/control.js").PolicyConfig} PolicyConfig
 * @typedef {import("./app/control.js").PolicyView} PolicyView
 * @typedef {import("./pure/lessons.js").Lesson} Lesson
 * @typedef {import("./pure/presets.js").Classic} Classic
 * @typedef {import("./pure/state.js").LabRequest} LabRequest
 * @typedef {import("./pure/verdict.js").Sent} Sent
 */

const engine = engineOf(navigator.userAgent);
/** @type {Lesson[]} */
let allLessons = [];
/** @type {Attempt | null} */
let attempt = null;
/** Whether the classics of the server written by hand are offered, or on their way. */
let hasPresets = false;
/** @type {Promise<ReturnType<typeof import("./rooms/paste.js").pasteRoom>> | undefined} */
let pastes;

const session = createSession(control, {
  onForce: showPolicy,
  onRefused(problems, isByRule) {
    policies.refuse(problems);
    if (isByRule) {
      attempt?.refuse(problems);
      takeStock();
    }
  },
  async onHand() {
    hands.show();
    await run.refresh(false);
  },
  onHandRefused: (problems) => hands.refuse(problems),
  onRenewed: () => announce("The session had ended; this is a new one."),
  onServer(isDown) {
    showNotice(isDown);
    if (!isDown) showOrigins(session.config);
  },
  wanted: () => policies.read(),
  isWatched: () => document.visibilityState === "visible",
});
const lessons = lessonsRoom({ onStart: startLesson, onLeave: leaveLesson, onAnswer: answer });
const policies = policyRoom({
  onEdit: session.apply,
  onSource: (source) => enter(session.policy, session.hand, run.request, source),
});
const hands = handRoom({ onEdit: session.applyHand, onServer: chooseServer, onPreset: startPreset });
const requests = requestRoom({ onEdit: (request) => run.edit(request), onSend: sendNow });
const wire = wireRoom();
const verdict = verdictRoom(engine, { onFix: applyFix, onSend: sendNow });
const run = createRun({
  control,
  send,
  engine,
  session,
  requests,
  wire,
  verdict,
  async settle() {
    await policies.settle();
    await hands.settle();
  },
  isAsking: () => attempt?.isAsking ?? false,
  onChange: keepInAddress,
  onSent(sent) {
    showSent(sent);
    judge(sent);
  },
  onPredicted(expected) {
    // Only a lesson about a request that can't be sent takes a prediction for the outcome.
    if (attempt !== null && firstRequest(attempt.lesson).page_address_space !== null) judge(expected);
  },
});

find("[data-action=paste]").addEventListener("click", openPaste);
for (const button of document.querySelectorAll("[data-action=reset]")) button.addEventListener("click", startOver);
copyButton(find("[data-action=copy-link]"), () => location.href);
window.addEventListener("hashchange", () => {
  if (location.hash !== fragment()) open();
});
// A pointer's focus would scroll the page to where it is already.
find(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find("#request-title").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  sendNow();
});
begin();

/** Reaches the server, however long it takes, and opens what the address names. */
async function begin() {
  await session.reach();
  const reading = loadLessons().catch(() => []);
  // A lesson in the address needs the lessons first; the free Lab does not wait for them.
  if (fromFragment(location.hash).lesson !== null) allLessons = await reading;
  await open();
  showReady();
  allLessons = await reading;
  lessons.fill(allLessons);
}

/** @returns {Promise<Lesson[]>} */
async function loadLessons() {
  const response = await fetch("lessons/lessons.json");
  if (!response.ok) throw new Error(`lessons.json: ${response.status}`);
  return readLessons(await response.text(), session.config);
}

/** The classics are loaded when somebody turns to the server written by hand, and nobody else loads them. */
async function offerPresets() {
  if (hasPresets) return;
  hasPresets = true;
  const { readPresets } = await import("./pure/presets.js");
  const response = await fetch("servers/presets.json");
  if (!response.ok) throw new Error(`presets.json: ${response.status}`);
  hands.offer(readPresets(await response.text(), session.config));
}

/**
 * Opens the situation that the address names. Nothing of it is sent to the API: the link may come from anyone. What a lesson
 * sends when it begins is not the link's.
 */
async function open() {
  const { policy, hand, request, lesson, source } = opened(location.hash, allLessons);
  setAttempt(lesson, lesson === null ? [] : lessons.earlier(lesson));
  lessons.fill(allLessons);
  lessons.show(lesson, attempt?.reached ?? [], false);
  showLesson(null);
  await enter(policy, hand, request, source);
  await sendBefore(lesson);
  showLesson(lesson?.id ?? null);
}

/**
 * @param {PolicyConfig} policy
 * @param {HandWritten} hand
 * @param {LabRequest} request
 * @param {"form" | "file"} source
 */
async function enter(policy, hand, request, source) {
  run.begin(request);
  hands.showPreset(null);
  hands.choose(request.server);
  if (request.server === "hand") offerPresets().catch(() => {});
  if (source === "form") policies.fill(policy);
  hands.fill(source === "form" ? hand : toHand({}));
  await session.enter(policy, hand, source);
}

function fragment() {
  const { policy, hand, source } = session;
  return toFragment({ policy, hand, request: run.request, lesson: attempt?.lesson.id ?? null, source });
}

function keepInAddress() {
  const wanted = fragment();
  if (location.hash !== wanted) history.replaceState(null, "", wanted === "" ? location.pathname : wanted);
}

/**
 * A policy is in force.
 *
 * @param {PolicyView} view
 * @param {"form" | "file"} source
 */
async function showPolicy(view, source) {
  policies.show(view, source);
  const origins = attempt?.lesson.origins;
  if (attempt !== null && origins !== undefined) {
    const allowed = await control.readAllows(
      session.id,
      origins.map(([origin]) => origin),
    );
    attempt.compare(allowed);
    lessons.showOrigins(origins, allowed);
  }
  takeStock();
  await run.refresh(false);
}

/** @param {Sent} sent */
function judge(sent) {
  if (attempt === null || attempt.answer === null) return;
  const { guess, parts } = attempt.judge(sent);
  if (guess.is === "judged before") lessons.keepAnswer();
  show(attempt, guess, parts);
}

/** What the lesson makes of the policy, without any request. */
function takeStock() {
  if (attempt === null) return;
  const { guess, parts } = attempt.takeStock(session.policy);
  show(attempt, guess, parts);
}

/**
 * @param {Attempt} attempt
 * @param {import("./app/attempt.js").Judgement | null} guess
 * @param {import("./generated/types.js").GoalPart[]} parts of the goal that are reached by now
 */
function show({ lesson, answer, reached }, guess, parts) {
  if (guess?.is === "judged now") lessons.tellAnswer(answer === true, guess.isRight, guess.because);
  if (guess?.is === "about something else") lessons.tellUnjudged();
  if (parts.length > 0) lessons.reach(lesson, parts, reached);
}

async function sendNow() {
  const sender = document.activeElement;
  if (await run.send()) turnToVerdict(sender);
}

/**
 * Sends to the other server from now on.
 *
 * @param {LabRequest["server"]} server
 */
async function chooseServer(server) {
  requests.sendTo(server);
  if (server === "hand") offerPresets().catch(() => {});
  const request = requests.read();
  // The session that the file governs has no server written by hand.
  if (server === "hand" && session.source === "file") await enter(session.policy, toHand({}), request, "form");
  else run.edit(request);
}

/** @param {Classic} preset */
async function startPreset(preset) {
  const request = preset.request ?? toRequest({ server: "hand" });
  await enter(session.policy, preset.hand, request, "form");
  hands.showPreset(preset);
  await behindTheScenes((stage) => run.sendBefore(preset.before, stage));
  hands.hasBegun(preset);
}

/**
 * Does to the server what the verdict proposes.
 *
 * @param {{patch: PatchStep[], hand: HandWritten | null}} fix
 */
async function applyFix({ patch, hand }) {
  if (hand !== null) {
    await hands.settle();
    hands.fill(hand);
    if (!(await session.applyHand(hand))) return announce("The server with this fix was refused.");
    return afterFix();
  }
  await policies.settle();
  const wanted = patched(policies.read(), patch);
  policies.fill(wanted);
  if (!(await session.apply(wanted))) {
    announce("The policy with this fix was refused; see the policy.");
    return find(`[data-room=policy] textarea[name=${LISTS[0]}]`).focus();
  }
  return afterFix();
}

async function afterFix() {
  await run.refresh(true);
  announce("The fix is applied. Send again.");
  find("[data-action=send-again]").focus({ preventScroll: true });
}

/**
 * @param {Lesson | null} lesson
 * @param {string[]} earlier parts of its goal that were reached before
 */
function setAttempt(lesson, earlier) {
  attempt = lesson && new Attempt(lesson, earlier);
  showTitle(lesson && plain(lesson.title));
}

/** @param {Lesson} lesson */
async function startLesson(lesson) {
  const isAnother = attempt?.lesson !== lesson;
  lessons.forget(lesson);
  setAttempt(lesson, []);
  // A place of its own for Back and Forward. What is edited there changes its address, and makes no other place.
  if (isAnother) history.pushState(null, "", `#lesson=${lesson.id}`);
  lessons.show(lesson, [], true);
  showLesson(null);
  showSent(null);
  await enter(toPolicy(lesson.policy), toHand(lesson.hand), firstRequest(lesson), "form");
  await sendBefore(lesson);
  showLesson(lesson.id);
}

/**
 * What a lesson sends when it begins, and what may be said of it.
 *
 * @param {Lesson | null} lesson
 */
async function sendBefore(lesson) {
  const before = lesson?.before;
  if (before === undefined) return;
  const requests = before.map(({ request }) => request);
  const sent = await behindTheScenes((stage) => run.sendBefore(requests, stage));
  if (attempt?.lesson !== lesson) return;
  const standing = { refused: new Set(), origins: [] };
  lessons.showBefore(sent.flatMap((run, index) => trueOf(before[index].said, { ...run, ...standing })));
}

async function leaveLesson() {
  setAttempt(null, []);
  history.pushState(null, "", fragment() || location.pathname);
  lessons.show(null, [], true);
  showLesson(null);
  await run.refresh(false);
}

/** @param {boolean} given */
async function answer(given) {
  if (attempt === null || !attempt.isAsking) return;
  attempt.answer = given;
  lessons.answered(given);
  takeStock();
  await run.refresh(false);
  find("[data-action=send]").focus({ preventScroll: true });
}

/** Few bring an error of their own, and nobody else loads what that takes. */
async function openPaste() {
  pastes ??= import("./rooms/paste.js").then(({ pasteRoom }) =>
    pasteRoom({ read: (text) => control.readPaste(session.id, text), onTake: takeOver, onSend: sendNow }),
  );
  (await pastes).open();
}

/**
 * Puts a pasted error in the forms, at a place of its own: *Back* leads to what was there before.
 *
 * @param {import("./app/control.js").Import} imported
 */
async function takeOver({ request, hand }) {
  const policy = policies.read();
  setAttempt(null, []);
  lessons.show(null, [], false);
  showLesson(null);
  showSent(null);
  history.pushState(null, "", location.pathname);
  await enter(policy, toHand(hand), toRequest(request), "form");
}

async function startOver() {
  if (attempt !== null) return startLesson(attempt.lesson);
  await enter(noPolicy(), toHand({}), toRequest({}), "form");
  announce("Everything is back at the start.");
}
