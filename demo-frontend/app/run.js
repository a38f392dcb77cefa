// A request on its way: what is expected of it whenever something is edited, and all that happens from the press of *Send*
// to the verdict. It knows no document: what is to be shown goes to the rooms.

import { effective, newRun, toRequest } from "../pure/state.js";
import { apisOf, tell } from "../pure/story.js";
import { ControlError } from "./control.js";
import { isGone } from "./session.js";

/**
 * @typedef {import("./control.js").Exchange} Exchange
 * @typedef {import("./control.js").Prediction} Prediction
 * @typedef {import("../pure/state.js").LabRequest} LabRequest
 * @typedef {import("../pure/verdict.js").Sent} Sent
 * @typedef {import("../pure/engine.js").Engine} Engine
 */

/**
 * What a run needs of the rest.
 *
 * @typedef {object} Parts
 * @property {Pick<typeof import("./control.js"), "predict" | "readExchanges" | "readHoldings">} control
 * @property {typeof import("./send.js").send} send
 * @property {Engine} engine
 * @property {import("./session.js").Session} session
 * @property {Pick<ReturnType<typeof import("../rooms/request.js").requestRoom>, "fill" | "showCode" | "setReady">} requests
 * @property {Pick<ReturnType<typeof import("../rooms/wire.js").wireRoom>, "show" | "clear">} wire
 * @property {Pick<ReturnType<typeof import("../rooms/verdict.js").verdictRoom>, "hide" | "expect" | "waiting" | "show" | "stage">} verdict
 * @property {() => Promise<void>} settle  waits for edits of the policy that are under way
 * @property {() => boolean} isAsking      whether a lesson's question is to be answered first
 * @property {() => void} onChange         the request, or the policy, is another one
 * @property {(sent: Sent) => void} onSent
 */

const EDIT_REST_MS = 120;
const LOG_TRIES = 8;
const LOG_PAUSE_MS = 60;
const ANSWER_FIRST = "Answer the lesson’s question first.";

/** @param {Parts} parts */
export function createRun({
  control,
  send,
  engine,
  session,
  requests,
  wire,
  verdict,
  settle,
  isAsking,
  onChange,
  onSent,
}) {
  let request = toRequest({});
  /** Of the next sending. */
  let nextRun = newRun();
  /** @type {Prediction | null} */
  let prediction = null;
  let isSending = false;
  /** Counts what makes an earlier prediction worthless: edits, sessions, sendings. */
  let moment = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let editing;

  /**
   * @param {LabRequest} request
   * @param {Exchange[] | null} exchanges
   * @param {Observation | null} observation
   */
  function showStory(request, exchanges, observation) {
    wire.show(tell({ request, config: session.config, prediction, exchanges, observation }));
  }

  /**
   * Predicts again, and shows what is expected. What was observed before was another situation's.
   *
   * @param {boolean} wasFixed
   */
  async function refresh(wasFixed) {
    clearTimeout(editing);
    onChange();
    moment += 1;
    const mine = moment;
    let predicted = null;
    try {
      predicted = await control.predict(session.id, {
        request: effective(request),
        run: nextRun,
        engine,
        commit: false,
      });
    } catch (error) {
      if (isGone(error) && session.source === "form") return void (await session.renew(session.policy));
      // What the server refuses to predict has no prediction; anything else means that there is no server.
      if (!(error instanceof ControlError)) session.lost();
    }
    if (mine !== moment) return;
    prediction = predicted;
    requests.showCode(session.config, session.id, request, prediction);
    if (isSending) return;
    if (isAsking()) {
      verdict.hide();
      wire.clear(`${ANSWER_FIRST} Then this shows what is expected, and once it is sent, what happened.`);
      requests.setReady(false, ANSWER_FIRST);
      return;
    }
    requests.setReady(true, "");
    verdict.expect(prediction, wasFixed);
    showStory(request, null, null);
  }

  /**
   * Sends the request for real, and compares.
   *
   * @returns {Promise<boolean>} whether it came to a verdict
   */
  async function sendNow() {
    if (isSending || isAsking()) return false;
    isSending = true;
    let isJudged = false;
    requests.setReady(false, "Sending…");
    const sent = request;
    try {
      onSent(await carryOut(sent));
      isJudged = true;
    } catch {
      session.lost();
    }
    isSending = false;
    requests.setReady(true, "");
    // It was edited meanwhile: what is shown would be another request's.
    if (request !== sent) await refresh(false);
    return isJudged;
  }

  /**
   * @param {LabRequest} sent
   * @returns {Promise<Sent>}
   */
  async function carryOut(sent) {
    await settle();
    clearTimeout(editing);
    // A prediction under way is another moment's.
    moment += 1;
    const run = nextRun;
    verdict.waiting();
    const before = await control.readHoldings(session.id).catch(() => null);
    if (before === null && session.source === "form") await session.apply(session.policy);
    const earlier = sent.same_url ? await control.readExchanges(session.id, `run=${run}`) : [];
    const question = { request: effective(sent), run, engine, commit: true };
    prediction = await control.predict(session.id, question).catch(() => null);
    requests.showCode(session.config, session.id, sent, prediction);

    const observed = await send(session.config, session.id, sent, run, verdict.stage);
    const observation = withType(observed, prediction);

    const exchanges = await exchangesOf(run, earlier.at(-1)?.number ?? 0, observation);
    const after = await control.readHoldings(session.id).catch(() => null);
    showStory(sent, exchanges, observation);
    const all = { run, request: effective(sent), prediction, observation, exchanges, before, after };
    verdict.show(all, session.source === "form");
    if (!sent.same_url) nextRun = newRun();
    return all;
  }

  /**
   * What the API saw of a run. Its log may be a moment behind the browser, so this asks again, a few times, while it is
   * plainly not complete.
   *
   * @param {string} run
   * @param {number} last  the number of the last exchange before it
   * @param {Observation} observation
   * @returns {Promise<Exchange[]>}
   */
  async function exchangesOf(run, last, observation) {
    const apis = apisOf(session.config);
    const expected = prediction?.messages.filter(({ url }) => apis.includes(new URL(url).origin)).length ?? 0;
    for (let tries = 1; ; tries += 1) {
      const all = await control.readExchanges(session.id, `run=${run}`);
      const exchanges = all.filter(({ number }) => number > last);
      const isWhole =
        exchanges.every(({ status, closed }) => status !== null || closed) &&
        (exchanges.length >= expected || (!observation.allowed && tries > 3));
      if (isWhole || tries === LOG_TRIES) return exchanges;
      await new Promise((resolve) => setTimeout(resolve, LOG_PAUSE_MS));
    }
  }

  return {
    get request() {
      return request;
    },
    /**
     * Begins again with this request, and with URLs for which the browser remembers no preflight.
     *
     * @param {LabRequest} first
     */
    begin(first) {
      moment += 1;
      nextRun = newRun();
      request = first;
      requests.fill(first);
    },
    /** @param {LabRequest} edited */
    edit(edited) {
      request = edited;
      clearTimeout(editing);
      editing = setTimeout(() => refresh(false), EDIT_REST_MS);
    },
    refresh,
    send: sendNow,
    /**
     * Sends what others sent before the reader came. These are requests like any other, but none of the reader's business.
     *
     * @param {unknown[]} before
     * @param {HTMLElement} stage
     */
    async sendBefore(before, stage) {
      for (const given of before) {
        const earlier = toRequest(given);
        const run = newRun();
        const question = { request: effective(earlier), run, engine, commit: true };
        await control.predict(session.id, question).catch(() => null);
        await send(session.config, session.id, earlier, run, stage);
      }
      await refresh(false);
    },
  };
}

/**
 * A font that has loaded doesn't tell of what type the response was. The model says it, since engines differ: WebKit loads
 * fonts without CORS.
 *
 * @param {Observation} observation
 * @param {Prediction | null} prediction
 * @returns {Observation}
 */
function withType(observation, prediction) {
  const { allowed, type } = observation;
  if (!allowed || type !== "" || !prediction?.verdict.allowed) return observation;
  return { ...observation, type: prediction.verdict.type };
}
