// The session at the server, whose policy is in force there. It knows no document: what is to be shown goes to its hooks.

import { beyondBounds, LISTS, noPolicy, notApplied, toHand, toPolicy } from "../pure/state.js";
import { ControlError } from "./control.js";

/**
 * @typedef {import("./control.js").Config} Config
 * @typedef {import("./control.js").HandProblem} HandProblem
 * @typedef {import("./control.js").HandWritten} HandWritten
 * @typedef {import("./control.js").PolicyConfig} PolicyConfig
 * @typedef {import("./control.js").PolicyView} PolicyView
 * @typedef {import("./control.js").Problem} Problem
 */

/**
 * @typedef {object} Hooks
 * @property {(view: PolicyView, source: "form" | "file") => Promise<void>} onForce  a policy is in force
 * @property {(problems: Problem[], isByRule: boolean) => void} onRefused
 *   a policy is refused, by the rules for policies or for another reason; the one before stays in force
 * @property {(hand: HandWritten) => Promise<void>} onHand  a server written by hand is in force
 * @property {(problems: HandProblem[]) => void} onHandRefused  one is refused; the one before stays in force
 * @property {() => void} onRenewed                      the session had ended, and there is a new one
 * @property {(isDown: boolean) => void} onServer        the server can't be reached, or can be again
 * @property {() => PolicyConfig} wanted                 the policy that the reader wants now
 * @property {() => boolean} isWatched                   whether somebody looks at the page
 */

const FILE_POLL_MS = 1000;
/** How long it waits before it tries again, the longer the more often it has failed. */
const RETRY_MS = [1500, 3000, 5000];
/** After so many failures with no rest between them, it tries again only when the reader does something. */
const MOST_FAILURES = 5;
/** A rest: longer than it takes to wait and to fail again. */
const REST_MS = 30_000;
/** What is said by what stands in front of a server that is not there. */
const NO_SERVER = [502, 503, 504];
const GAVE_UP =
  "The connection to the Lab’s server has failed again and again, so this policy is not sent any more. Edit it, or reload " +
  "the page, to try again.";

/**
 * @param {Pick<typeof import("./control.js"), "readConfig" | "newSession" | "readPolicy" | "putPolicy" | "putHand">} control
 * @param {Hooks} hooks
 */
export function createSession(control, hooks) {
  /** @type {Config} */
  let config = { api: "", api_alias: null, page: "", attacker: "" };
  let id = "";
  /** @type {"form" | "file"} */
  let source = "form";
  let policy = noPolicy();
  /** The server written by hand that is in force. */
  let hand = toHand({});
  /** @type {Problem[] | null} */
  let problems = null;
  /** Whether it was the rules for policies that refused it. */
  let wasByRule = false;
  /** Whether the server is waited for. */
  let isLost = false;
  /** How often something failed since the last rest, and when it did last. */
  let failures = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  /** What the file's policy was when it was last read. */
  let lastFile = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let filePoll;

  /** Requests from the server where all is, until there is a response. */
  async function reach() {
    for (let tries = 1; ; tries += 1) {
      try {
        config = await control.readConfig();
        break;
      } catch {
        hooks.onServer(true);
        await pause(tries);
      }
    }
    hooks.onServer(false);
  }

  /**
   * Something failed that is tried again: waits, unless it was the first time.
   *
   * @returns {Promise<boolean>} whether to try again at all
   */
  async function mayTryAgain() {
    const now = Date.now();
    failures = now - failedAt > REST_MS ? 1 : failures + 1;
    failedAt = now;
    if (failures > MOST_FAILURES) return false;
    if (failures > 1) await pause(failures - 1);
    return true;
  }

  /** @param {PolicyView} view */
  function inForce(view) {
    policy = toPolicy(view.config);
    problems = null;
    return hooks.onForce(view, source);
  }

  /**
   * Puts a policy in force, or says why not.
   *
   * @param {PolicyConfig} wanted
   * @returns {Promise<boolean>} whether it is in force
   */
  async function apply(wanted) {
    if (source === "file") return true;
    const beyond = beyondBounds(wanted);
    if (beyond.length > 0) {
      refuse(beyond, false);
      return false;
    }
    /** @type {PolicyView} */
    let view;
    try {
      view = await control.putPolicy(id, wanted);
    } catch (error) {
      if (isGone(error)) return renew(wanted);
      if (error instanceof ControlError && error.problems.length > 0) refuse(error.problems, true);
      else fail(error);
      return false;
    }
    try {
      await inForce(view);
    } catch (error) {
      // It is in force, but could not be shown.
      fail(error);
    }
    return true;
  }

  /**
   * Puts a server written by hand in force, or says why not.
   *
   * @param {HandWritten} wanted
   * @param {boolean} [isRetry]
   * @returns {Promise<boolean>} whether it is in force
   */
  async function applyHand(wanted, isRetry = false) {
    if (source === "file") return true;
    try {
      hand = toHand(await control.putHand(id, wanted));
    } catch (error) {
      if (isGone(error) && !isRetry && (await renew(policy))) return applyHand(wanted, true);
      if (error instanceof ControlError && error.problems.length > 0) hooks.onHandRefused(error.problems);
      else fail(error);
      return false;
    }
    try {
      await hooks.onHand(hand);
    } catch (error) {
      // It is in force, but could not be shown.
      fail(error);
    }
    return true;
  }

  /**
   * @param {Problem[]} found
   * @param {boolean} isByRule
   */
  function refuse(found, isByRule) {
    problems = found;
    wasByRule = isByRule;
    hooks.onRefused(found, isByRule);
  }

  /** @param {string} message */
  function refuseBecause(message) {
    refuse([notApplied(LISTS[0], message)], false);
  }

  /**
   * A call failed. What a server refuses, it would refuse again, so that is said; only a server that is not there is waited
   * for.
   *
   * @param {unknown} error
   */
  function fail(error) {
    if (isResponse(error)) refuseBecause(error.message);
    else lost();
  }

  /**
   * The session was idle for so long that the server has dropped it, or the server was started again.
   *
   * @param {PolicyConfig} wanted
   */
  async function renew(wanted) {
    if (!(await mayTryAgain())) {
      refuseBecause(GAVE_UP);
      return false;
    }
    try {
      id = await control.newSession();
      await control.putHand(id, hand);
    } catch (error) {
      fail(error);
      return false;
    }
    hooks.onRenewed();
    return apply(wanted);
  }

  /**
   * Begins again, with a session of its own: notes, log and cookies as on the first day.
   *
   * @param {PolicyConfig} first
   * @param {HandWritten} firstHand
   * @param {"form" | "file"} from
   */
  async function enter(first, firstHand, from) {
    source = from;
    hand = toHand({});
    problems = null;
    clearTimeout(filePoll);
    try {
      id = from === "file" ? "default" : await control.newSession();
      await applyHand(firstHand);
      if (from === "file") {
        lastFile = "";
        await pollFile();
      } else if (!(await apply(first)) && problems !== null) {
        const [found, isByRule] = [problems, wasByRule];
        await inForce(await control.readPolicy(id));
        refuse(found, isByRule);
      }
    } catch (error) {
      fail(error);
    }
  }

  /** Reads the file's policy again, for as long as it is the one that counts. */
  async function pollFile() {
    clearTimeout(filePoll);
    if (source !== "file") return;
    if (hooks.isWatched() && !isLost) {
      try {
        const view = await control.readPolicy("default");
        const key = `${view.generation} ${view.file?.problem}`;
        if (source === "file" && key !== lastFile) {
          lastFile = key;
          await inForce(view);
        }
      } catch (error) {
        const key = String(error);
        // A refusal is said once, however often it is read.
        if (!isResponse(error) || key !== lastFile) fail(error);
        lastFile = key;
      }
    }
    clearTimeout(filePoll);
    if (source === "file") filePoll = setTimeout(pollFile, FILE_POLL_MS);
  }

  /** A call found no server: waits until there is one again, which may know nothing of this session. */
  async function lost() {
    if (isLost) return;
    isLost = true;
    const isWorthIt = await mayTryAgain();
    await reach();
    isLost = false;
    if (source !== "form") return;
    if (isWorthIt) await apply(hooks.wanted());
    else refuseBecause(GAVE_UP);
  }

  return {
    get config() {
      return config;
    },
    get id() {
      return id;
    },
    get source() {
      return source;
    },
    get policy() {
      return policy;
    },
    get hand() {
      return hand;
    },
    reach,
    enter,
    apply,
    applyHand,
    renew,
    lost,
  };
}

/**
 * Whether the server knows nothing of the session, or no longer.
 *
 * @param {unknown} error
 */
export function isGone(error) {
  return error instanceof ControlError && error.status === 404;
}

/**
 * Whether the Lab's server sent it, and not what stands in front of a server that is not there.
 *
 * @param {unknown} error
 * @returns {error is ControlError}
 */
function isResponse(error) {
  return error instanceof ControlError && !NO_SERVER.includes(error.status);
}

/** @param {number} failures how many there were */
function pause(failures) {
  const ms = RETRY_MS[Math.min(failures, RETRY_MS.length) - 1];
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @typedef {ReturnType<typeof createSession>} Session */
