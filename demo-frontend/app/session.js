// The session at the server, whose policy is in force there. It knows no document: what is to be shown goes to its hooks.

import { noPolicy, toHand, toPolicy } from "../pure/state.js";
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
 * @property {(problems: Problem[]) => void} onRefused   a policy is refused; the one before stays in force
 * @property {(hand: HandWritten) => Promise<void>} onHand  a server written by hand is in force
 * @property {(problems: HandProblem[]) => void} onHandRefused  one is refused; the one before stays in force
 * @property {() => void} onRenewed                      the session had ended, and there is a new one
 * @property {(isDown: boolean) => void} onServer        the server can't be reached, or can be again
 * @property {() => PolicyConfig} wanted                 the policy that the reader wants now
 * @property {() => boolean} isWatched                   whether somebody looks at the page
 */

const FILE_POLL_MS = 1000;
const RETRY_MS = 1500;

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
  /** Whether the server is waited for. */
  let isLost = false;
  /** What the file's policy was when it was last read. */
  let lastFile = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let filePoll;

  /** Asks the server where all is, again and again until there is a response. */
  async function reach() {
    for (;;) {
      try {
        config = await control.readConfig();
        break;
      } catch {
        hooks.onServer(true);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    hooks.onServer(false);
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
    try {
      await inForce(await control.putPolicy(id, wanted));
      return true;
    } catch (error) {
      if (isGone(error)) return renew(wanted);
      if (error instanceof ControlError && error.status === 422) refuse(error.problems);
      else lost();
      return false;
    }
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
      await hooks.onHand(hand);
      return true;
    } catch (error) {
      if (isGone(error) && !isRetry && (await renew(policy))) return applyHand(wanted, true);
      if (error instanceof ControlError && error.status === 422) hooks.onHandRefused(error.problems);
      else lost();
      return false;
    }
  }

  /** @param {Problem[]} found */
  function refuse(found) {
    problems = found;
    hooks.onRefused(found);
  }

  /**
   * The session was idle for so long that the server has dropped it, or the server was started again.
   *
   * @param {PolicyConfig} wanted
   */
  async function renew(wanted) {
    try {
      id = await control.newSession();
      await control.putHand(id, hand);
    } catch {
      lost();
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
        const found = problems;
        await inForce(await control.readPolicy(id));
        refuse(found);
      }
    } catch {
      lost();
    }
  }

  /** Reads the file's policy again, for as long as it is the one that counts. */
  async function pollFile() {
    clearTimeout(filePoll);
    if (source !== "file") return;
    if (hooks.isWatched()) {
      try {
        const view = await control.readPolicy("default");
        const key = `${view.generation} ${view.file?.problem}`;
        if (source === "file" && key !== lastFile) {
          lastFile = key;
          await inForce(view);
        }
      } catch {
        lost();
      }
    }
    clearTimeout(filePoll);
    if (source === "file") filePoll = setTimeout(pollFile, FILE_POLL_MS);
  }

  /** A call found no server: waits until there is one again, which may know nothing of this session. */
  async function lost() {
    if (isLost) return;
    isLost = true;
    await reach();
    isLost = false;
    if (source === "form") await apply(hooks.wanted());
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

/** @typedef {ReturnType<typeof createSession>} Session */
