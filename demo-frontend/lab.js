// The page's entry: holds the situation (policy, request, lesson), keeps rooms and address in step with it, and takes each
// run from the press of *Send* to the verdict.

import {
  ControlError,
  newSession,
  predict,
  putPolicy,
  readAllows,
  readConfig,
  readExchanges,
  readHoldings,
  readPolicy,
} from "./control.js";
import { copyButton, inShort } from "./copy.js";
import { announce, find, setText } from "./dom.js";
import { engine } from "./engine.js";
import { isReached } from "./goal.js";
import { lessonsRoom, readLessons } from "./rooms/lessons.js";
import { policyRoom } from "./rooms/policy.js";
import { requestRoom } from "./rooms/request.js";
import { verdictRoom } from "./rooms/verdict.js";
import { wireRoom } from "./rooms/wire.js";
import { send } from "./send.js";
import { effective, fromFragment, LISTS, newRun, noPolicy, toFragment, toPolicy, toRequest } from "./state.js";
import { tell } from "./story.js";

/**
 * @typedef {import("./control.js").Config} Config
 * @typedef {import("./control.js").PolicyConfig} PolicyConfig
 * @typedef {import("./control.js").PolicyView} PolicyView
 * @typedef {import("./control.js").PatchStep} PatchStep
 * @typedef {import("./control.js").Prediction} Prediction
 * @typedef {import("./control.js").Exchange} Exchange
 * @typedef {import("./state.js").LabRequest} LabRequest
 * @typedef {import("./rooms/lessons.js").Lesson} Lesson
 */

const EDIT_REST_MS = 120;
const LOG_TRIES = 8;
const LOG_PAUSE_MS = 60;
const FILE_POLL_MS = 1000;
const RETRY_MS = 1500;

const lessons = lessonsRoom({ onStart: startLesson, onLeave: leaveLesson, onAnswer: answer });
const policies = policyRoom({ onEdit: applyPolicy, onSource: useSource });
const requests = requestRoom({ onEdit: editRequest, onSend: run });
const wire = wireRoom();
const verdict = verdictRoom({ onFix: applyFix, onSend: run });

/** @type {Config} */
let config = { api: "", api_alias: null, page: location.origin, attacker: "" };
/** @type {Lesson[]} */
let allLessons = [];
let session = "";
/** @type {"form" | "file"} */
let source = "form";
/** @type {PolicyConfig} */
let policy = noPolicy();
/** @type {LabRequest} */
let request = toRequest({});
/** @type {Prediction | null} */
let prediction = null;
/** Of the next sending. */
let nextRun = newRun();
let isSending = false;
/** Whether the server does not answer, and is waited for. */
let isLost = false;
/** Counts what makes an earlier answer worthless: edits, sessions, sendings. */
let moment = 0;

/**
 * The lesson at hand, and how far the reader is in it.
 *
 * @type {{lesson: Lesson, answer: boolean | null, wasSent: boolean, refused: Set<string>, originsAgree: boolean} | null}
 */
let attempt = null;

/** What the file's policy was when it was last read. */
let lastFile = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let editing;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let filePoll;

for (const button of document.querySelectorAll("[data-action=reset]")) button.addEventListener("click", startOver);
copyButton(find("[data-action=copy-link]"), () => location.href);
window.addEventListener("hashchange", () => open(true));
// A pointer's focus would scroll the page to where it is already.
find(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find("#request-title").focus();
});
begin();

/** Reaches the server, however long it takes, and opens what the address names. */
async function begin() {
  await reachServer();
  const reading = readLessons(config).catch(() => []);
  // A lesson in the address needs the lessons first; the free Lab does not wait for them.
  if (fromFragment(location.hash).lesson !== null) allLessons = await reading;
  await open(false);
  document.documentElement.dataset.ready = "true";
  allLessons = await reading;
  lessons.fill(allLessons);
}

/** Asks where all is, again and again until there is an answer. */
async function reachServer() {
  for (;;) {
    try {
      config = await readConfig();
      break;
    } catch {
      showNotice(true);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  showNotice(false);
  for (const name of /** @type {const} */ (["page", "api", "attacker"])) {
    for (const place of document.querySelectorAll(`[data-shows=${name}]`)) setText(place, config[name]);
  }
}

/**
 * Opens the situation that the address names. Nothing is sent to the API: the link may come from anyone.
 *
 * @param {boolean} isChange rather than the page's start
 */
async function open(isChange) {
  if (isChange && location.hash === toFragment(situation())) return;
  const named = fromFragment(location.hash);
  const lesson = allLessons.find(({ id }) => id === named.lesson) ?? null;
  setAttempt(lesson);
  lessons.fill(allLessons);
  lessons.show(lesson, false);
  await enter(
    named.policy ?? toPolicy(lesson?.policy),
    named.request ?? requestOf(lesson),
    lesson === null ? named.source : "form",
  );
  if (lesson?.before && named.policy === null) await sendBefore(lesson);
}

/**
 * @param {Lesson | null} lesson
 * @returns {LabRequest}
 */
function requestOf(lesson) {
  const first = toRequest(lesson?.request);
  return lesson?.same_url ? { ...first, same_url: true } : first;
}

/** @param {Lesson | null} lesson */
function setAttempt(lesson) {
  attempt = lesson && { lesson, answer: null, wasSent: false, refused: new Set(), originsAgree: false };
}

/** @returns {import("./state.js").Situation} */
function situation() {
  return { policy, request, lesson: attempt?.lesson.id ?? null, source };
}

function keepInAddress() {
  const fragment = toFragment(situation());
  if (location.hash !== fragment) history.replaceState(null, "", fragment === "" ? location.pathname : fragment);
}

/**
 * Begins anew, with a session of its own: notes, log and cookies as on the first day, and URLs for which the browser
 * remembers no preflight.
 *
 * @param {PolicyConfig} firstPolicy
 * @param {LabRequest} firstRequest
 * @param {"form" | "file"} firstSource
 */
async function enter(firstPolicy, firstRequest, firstSource) {
  moment += 1;
  source = firstSource;
  nextRun = newRun();
  request = firstRequest;
  requests.fill(request);
  clearTimeout(filePoll);
  try {
    session = source === "file" ? "default" : await newSession();
    if (source === "file") {
      lastFile = "";
      await pollFile();
    } else {
      policies.fill(firstPolicy);
      if (!(await applyPolicy(firstPolicy))) inForce(await readPolicy(session));
    }
  } catch {
    lostServer();
  }
}

/**
 * Puts a policy in force, or says why not.
 *
 * @param {PolicyConfig} wanted
 * @returns {Promise<boolean>} whether it is in force
 */
async function applyPolicy(wanted) {
  if (source === "file") return true;
  try {
    inForce(await putPolicy(session, wanted));
    await askOrigins();
    await refresh(false);
    return true;
  } catch (error) {
    if (error instanceof ControlError && error.status === 404) return renewSession(wanted);
    if (error instanceof ControlError && error.status === 422) {
      policies.refuse(error.problems);
      for (const { setting } of error.problems) attempt?.refused.add(setting);
    } else lostServer();
    return false;
  }
}

/**
 * The session was idle for so long that the server has dropped it, or the server was started anew.
 *
 * @param {PolicyConfig} wanted
 */
async function renewSession(wanted) {
  session = await newSession();
  announce("The session had ended; this is a new one.");
  return applyPolicy(wanted);
}

/** @param {PolicyView} view */
function inForce(view) {
  policy = toPolicy(view.config);
  policies.show(view, source);
  keepInAddress();
}

/** Where a lesson asks for a policy that tells origins apart, shows what the one in force makes of them. */
async function askOrigins() {
  const origins = attempt?.lesson.origins;
  if (!origins || attempt === null) return;
  const allowed = await readAllows(session, origins.map(([origin]) => origin));
  attempt.originsAgree = origins.every(([, wanted], index) => wanted === allowed[index]);
  lessons.showOrigins(origins, allowed);
}

/** @param {"form" | "file"} chosen */
async function useSource(chosen) {
  await enter(policy, request, chosen);
}

/** Reads the file's policy again, for as long as it is the one that counts. */
async function pollFile() {
  clearTimeout(filePoll);
  if (source !== "file") return;
  if (document.visibilityState === "visible") {
    try {
      const view = await readPolicy("default");
      const key = `${view.generation} ${view.file?.problem}`;
      if (source === "file" && key !== lastFile) {
        lastFile = key;
        inForce(view);
        await refresh(false);
      }
      } catch {
      lostServer();
    }
  }
  filePoll = setTimeout(pollFile, FILE_POLL_MS);
}

/** @param {LabRequest} edited */
function editRequest(edited) {
  request = edited;
  clearTimeout(editing);
  editing = setTimeout(() => refresh(false), EDIT_REST_MS);
}

/**
 * Asks the model again, and shows what it expects. What was observed before was another situation's.
 *
 * @param {boolean} wasFixed
 */
async function refresh(wasFixed) {
  clearTimeout(editing);
  keepInAddress();
  moment += 1;
  const mine = moment;
  let answered = null;
  try {
    answered = await predict(session, { request: effective(request), run: nextRun, engine, commit: false });
  } catch (error) {
    if (!(error instanceof ControlError)) lostServer();
    else if (error.status === 404 && source === "form") return void (await renewSession(policy));
  }
  if (mine !== moment) return;
  prediction = answered;
  requests.showCode(config, session, request, prediction);
  if (isSending) return;
  if (attempt !== null && attempt.answer === null) {
    verdict.hide();
    wire.clear("Answer the lesson’s question first. Then this shows what is expected, and once it is sent, what happened.");
    requests.setReady(false, "Answer the lesson’s question first.");
    return;
  }
  requests.setReady(true, "");
  verdict.expect(prediction, wasFixed);
  showStory(null, null);
}

/**
 * @param {Exchange[] | null} exchanges
 * @param {Observation | null} observation
 */
function showStory(exchanges, observation) {
  const sent = effective(request);
  const told = { request: sent, apis: apis(), call: inShort(sent), prediction, exchanges, observation };
  const pages = { lab: config.page, attacker: config.attacker, sandbox: "null" };
  /** @type {Record<string, string>} */
  const lanes = { page: host(pages[request.page]), browser: "yours", api: host(config.api) };
  if (request.cached) lanes.cache = "shared";
  const caption = observation === null ? "expected, not sent yet" : "as it happened";
  const spared = prediction?.remembered ? "; a preflight is remembered" : "";
  wire.show(tell(told), observation !== null, lanes, caption + spared);
}

/** @returns {string[]} the origins under which the API answers */
function apis() {
  return config.api_alias ? [config.api, config.api_alias] : [config.api];
}

/** @param {string} origin */
function host(origin) {
  return origin.replace(/^https?:\/\//, "");
}

/** Sends the request for real, and compares. */
async function run() {
  if (isSending || (attempt !== null && attempt.answer === null)) return;
  isSending = true;
  requests.setReady(false, "Sending…");
  try {
    await policies.settle();
    clearTimeout(editing);
    // A prediction under way is another moment's.
    moment += 1;
    const sent = request;
    const id = nextRun;
    verdict.waiting();
    const before = await readHoldings(session).catch(() => null);
    if (before === null && source === "form") await applyPolicy(policy);
    const earlier = sent.same_url ? await readExchanges(session, `run=${id}`) : [];
    prediction = await predict(session, { request: effective(sent), run: id, engine, commit: true }).catch(() => null);

    requests.showCode(config, session, sent, prediction);

    const observation = await send(config, session, sent, id, verdict.stage);

    const exchanges = await exchangesOf(id, earlier.at(-1)?.number ?? 0, observation);
    const after = await readHoldings(session).catch(() => null);
    showStory(exchanges, observation);
    verdict.show({ run: id, request: effective(sent), prediction, observation, exchanges, before, after, canApply: source === "form" });
    judge(sent, exchanges, observation);
    if (!sent.same_url) nextRun = newRun();
    document.body.dataset.run = id;
    announce(`${observation.allowed ? "Allowed" : "Blocked"}, ${prediction?.verdict.allowed === observation.allowed ? "as predicted" : "other than predicted"}.`);
    bringIntoView();
    isSending = false;
    requests.setReady(true, "");
    // It was edited meanwhile: what is shown would be another request's.
    if (request !== sent) await refresh(false);
  } catch {
    isSending = false;
    requests.setReady(true, "");
    lostServer();
  }
}

/**
 * What the API saw of a run. Its log may be a moment behind the browser, so this asks again, a few times, while it is
 * plainly not complete.
 *
 * @param {string} id
 * @param {number} last  the number of the last exchange before it
 * @param {Observation} observation
 * @returns {Promise<Exchange[]>}
 */
async function exchangesOf(id, last, observation) {
  const expected = prediction?.messages.filter(({ url }) => apis().includes(new URL(url).origin)).length ?? 0;
  for (let tries = 1; ; tries += 1) {
    const exchanges = (await readExchanges(session, `run=${id}`)).filter(({ number }) => number > last);
    const isWhole =
      exchanges.every(({ status }) => status !== null) && (exchanges.length >= expected || !observation.allowed && tries > 3);
    if (isWhole || tries === LOG_TRIES) return exchanges;
    await new Promise((resolve) => setTimeout(resolve, LOG_PAUSE_MS));
  }
}

/**
 * @param {LabRequest} sent
 * @param {Exchange[]} exchanges
 * @param {Observation} observation
 */
function judge(sent, exchanges, observation) {
  if (attempt === null || attempt.answer === null) return;
  const { lesson, refused, originsAgree } = attempt;
  if (!attempt.wasSent) lessons.tellAnswer(lesson, attempt.answer);
  attempt.wasSent = true;
  const outcome = { request: effective(sent), policy, exchanges, observation, refused, originsAgree };
  if (isReached(lesson.goal.check, outcome)) lessons.reached(lesson);
}

/** On a phone the outcome lies far below the button. On a wide screen all stand side by side, and the page stays still. */
function bringIntoView() {
  const room = find("[data-room=wire]");
  find(".outcome").scrollTop = 0;
  if (room.getBoundingClientRect().top > window.innerHeight * 0.6) room.scrollIntoView({ block: "start" });
}

/**
 * Does to the policy what the verdict proposes.
 *
 * @param {PatchStep[]} patch
 */
async function applyFix(patch) {
  await policies.settle();
  const fixed = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (structuredClone(policies.read())));
  for (const { setting, add, remove, set } of patch) {
    const list = fixed[setting];
    if (Array.isArray(list)) {
      if (set !== undefined) fixed[setting] = set;
      if (remove !== undefined) fixed[setting] = list.filter((item) => item !== remove);
      if (add !== undefined) fixed[setting] = [.../** @type {string[]} */ (fixed[setting]).filter((item) => item !== add), add];
    } else if (set !== undefined) fixed[setting] = set;
  }
  const wanted = toPolicy(fixed);
  policies.fill(wanted);
  if (!(await applyPolicy(wanted))) {
    announce("The policy with this fix was refused; see the policy.");
    return find(`[data-room=policy] textarea[name=${LISTS[0]}]`).focus();
  }
  await refresh(true);
  announce("The fix is applied. Send again.");
  find("[data-action=send-again]").focus({ preventScroll: true });
}

/** @param {Lesson} lesson */
async function startLesson(lesson) {
  setAttempt(lesson);
  lessons.show(lesson, true);
  delete document.body.dataset.run;
  await enter(toPolicy(lesson.policy), requestOf(lesson), "form");
  await sendBefore(lesson);
  document.body.dataset.lesson = lesson.id;
}

/**
 * The requests that others made before the reader came. They are sent like any other, but are nobody's business here.
 *
 * @param {Lesson} lesson
 */
async function sendBefore({ before }) {
  if (!before || before.length === 0) return;
  const stage = document.createElement("div");
  stage.className = "visually-hidden";
  stage.inert = true;
  document.body.append(stage);
  for (const given of before) {
    const earlier = toRequest(given);
    const id = newRun();
    await predict(session, { request: effective(earlier), run: id, engine, commit: true }).catch(() => null);
    await send(config, session, earlier, id, stage);
  }
  stage.remove();
  await refresh(false);
}

async function leaveLesson() {
  setAttempt(null);
  lessons.show(null, true);
  delete document.body.dataset.lesson;
  await refresh(false);
}

/** @param {boolean} given */
async function answer(given) {
  if (attempt === null || attempt.answer !== null) return;
  attempt.answer = given;
  lessons.answered(given);
  await refresh(false);
  find("[data-action=send]").focus({ preventScroll: true });
}

async function startOver() {
  const lesson = attempt?.lesson ?? null;
  if (lesson) return startLesson(lesson);
  await enter(noPolicy(), toRequest({}), "form");
  announce("Everything is as at the start.");
  return undefined;
}

/** A call found no server: waits until there is one again, which may know nothing of this session. */
async function lostServer() {
  if (isLost) return;
  isLost = true;
  await reachServer();
  isLost = false;
  if (source === "form") await applyPolicy(policies.read());
}

/** @param {boolean} isDown */
function showNotice(isDown) {
  const notice = find("#server-notice");
  notice.hidden = !isDown;
  const text = "The demo server does not answer. Start it with cargo run -p demo-backend; this page picks up by itself.";
  setText(notice, isDown ? text : "");
}
