// A request on its way: what is expected of it whenever something is edited, and all that happens from the press of *Send*
// to the verdict. It knows no document: what is to be shown goes to the rooms.

import { isLogged } from "../pure/place.js";
import { effective, newRun, toRequest, urlOf } from "../pure/state.js";
import { reachesApi, tell } from "../pure/story.js";
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
 * @property {Pick<ReturnType<typeof import("../rooms/verdict.js").verdictRoom>, "hide" | "expect" | "waiting" | "lose" | "show" | "stage">} verdict
 * @property {() => Promise<void>} settle  waits for edits of the policy that are under way
 * @property {() => boolean} isAsking      whether a lesson's question is to be answered first
 * @property {() => void} onChange         the request, or the policy, is another one
 * @property {(sent: Sent) => void} onSent
 * @property {(expected: Sent) => void} onPredicted  a request that can only be predicted, as it is expected to end
 */

const EDIT_REST_MS = 120;
const LOG_TRIES = 8;
const LOG_PAUSE_MS = 60;
const NO_RESPONSE = "the Lab’s server does not respond";
const NO_SERVER = "The Lab’s server stopped responding, so what happened is not known. Send again when it is back.";
const PREDICTION_ONLY = "Prediction only.";
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
  onPredicted,
}) {
  let request = toRequest({});
  /** Of the next sending. */
  let nextRun = newRun();
  /** @type {Prediction | null} */
  let prediction = null;
  /** Why there is no prediction. */
  let unpredicted = "";
  let isSending = false;
  /** Counts what makes an earlier prediction worthless: edits, sessions, sendings. */
  let moment = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let editing;

  /** Whether the request says of the page what is not so. */
  function isPredictionOnly() {
    return request.page_address_space !== null;
  }

  /**
   * @param {LabRequest} request
   * @param {Exchange[] | null} exchanges
   * @param {Observation | null} observation
   * @param {boolean} [isLogged] whether the session's log would have it
   */
  function showStory(request, exchanges, observation, isLogged = true) {
    if (prediction === null && exchanges === null) return wire.clear("There is no prediction to show.");
    wire.show(tell({ request, config: session.config, prediction, exchanges, observation, isLogged }));
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
    let why = "";
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
      why = error instanceof ControlError ? error.message : NO_RESPONSE;
      if (!(error instanceof ControlError)) session.lost();
    }
    if (mine !== moment) return;
    prediction = predicted;
    unpredicted = why;
    requests.showCode(session.config, session.id, request, prediction);
    if (isSending) return;
    if (isAsking()) {
      verdict.hide();
      wire.clear(`${ANSWER_FIRST} Then this shows what is expected, and once it is sent, what happened.`);
      requests.setReady(false, ANSWER_FIRST);
      return;
    }
    requests.setReady(!isPredictionOnly(), isPredictionOnly() ? PREDICTION_ONLY : "");
    verdict.expect(prediction, wasFixed, unpredicted, !isPredictionOnly());
    showStory(request, null, null);
    if (isPredictionOnly() && prediction !== null) onPredicted(expected(request, prediction));
  }

  /**
   * A request that can only be predicted, as if it ended so. Nothing reached the API.
   *
   * @param {LabRequest} request
   * @param {Prediction} prediction
   * @returns {Sent}
   */
  function expected(request, prediction) {
    const { verdict } = prediction;
    const nothing = { allowed: false, type: "", status: null, headers: [], body: "", error: null };
    const observation = verdict.allowed
      ? { ...nothing, allowed: true, type: verdict.type, status: verdict.status, headers: verdict.readable }
      : nothing;
    const { policy } = session;
    return {
      run: nextRun,
      request: effective(request),
      policy,
      prediction,
      unpredicted: "",
      observation,
      exchanges: [],
      isLogged: true,
      before: null,
      after: null,
    };
  }

  /**
   * Sends the request for real, and compares.
   *
   * @returns {Promise<boolean>} whether it came to a verdict
   */
  async function sendNow() {
    if (isSending || isAsking() || isPredictionOnly()) return false;
    isSending = true;
    let isJudged = false;
    requests.setReady(false, "Sending…");
    const sent = request;
    try {
      onSent(await carryOut(sent));
      isJudged = true;
    } catch {
      verdict.lose(NO_SERVER);
      wire.clear(NO_SERVER);
      session.lost();
    }
    isSending = false;
    requests.setReady(!isPredictionOnly(), isPredictionOnly() ? PREDICTION_ONLY : "");
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
    const { policy } = session;
    clearTimeout(editing);
    // A prediction under way is another moment's.
    moment += 1;
    const run = nextRun;
    verdict.waiting();
    const before = await control.readHoldings(session.id).catch(() => null);
    if (before === null && session.source === "form") await session.apply(session.policy);
    const earlier = sent.same_url ? await control.readExchanges(session.id, `run=${run}`) : [];
    const question = { request: effective(sent), run, engine, commit: true };
    unpredicted = "";
    prediction = await control.predict(session.id, question).catch((error) => {
      unpredicted = error instanceof ControlError ? error.message : NO_RESPONSE;
      return null;
    });
    requests.showCode(session.config, session.id, sent, prediction);
    // What is drawn until then may have happened to an earlier sending.
    showStory(sent, null, null);

    const observed = await send(session.config, session.id, sent, run, verdict.stage);
    const observation = withType(observed, prediction);

    const exchanges = await exchangesOf(run, earlier.at(-1)?.number ?? 0, prediction, observation);
    const after = await control.readHoldings(session.id).catch(() => null);
    const hasLog = isLogged(new URL(urlOf(session.config, session.id, sent, run)), session.id, run);
    showStory(sent, exchanges, observation, hasLog);
    const all = {
      run,
      request: effective(sent),
      policy,
      prediction,
      unpredicted,
      observation,
      exchanges,
      isLogged: hasLog,
      before,
      after,
    };
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
   * @param {Prediction | null} prediction
   * @param {Observation} observation
   * @returns {Promise<Exchange[]>}
   */
  async function exchangesOf(run, last, prediction, observation) {
    const expected = prediction?.messages.filter(reachesApi).length ?? 0;
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
     * Sends what a lesson sends before the reader comes in, behind the scenes.
     *
     * @param {unknown[]} requests
     * @param {HTMLElement} stage
     * @returns {Promise<Sent[]>}
     */
    async sendBefore(requests, stage) {
      const all = [];
      for (const given of requests) {
        const earlier = toRequest(given);
        const run = earlier.same_url ? nextRun : newRun();
        const question = { request: effective(earlier), run, engine, commit: true };
        const predicted = await control.predict(session.id, question).catch(() => null);
        const observation = await send(session.config, session.id, earlier, run, stage);
        const exchanges = await exchangesOf(run, 0, predicted, observation).catch(() => []);
        const known = { run, request: effective(earlier), policy: session.policy, prediction: predicted };
        const seen = { observation, exchanges, isLogged: true, before: null, after: null };
        all.push({ ...known, unpredicted: "", ...seen });
      }
      await refresh(false);
      return all;
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
