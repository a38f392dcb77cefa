// Sends a request from the page that shall send it: this one, the attacker's, or a sandboxed frame. Frames are told what
// to send, and report what they were given, by messages; both ends check which origin they talk to.

import { effective, urlOf } from "../pure/state.js";
import { element } from "../rooms/dom.js";

const FRAME_PATIENCE_MS = 15_000;

/**
 * @param {import("./control.js").Config} config
 * @param {string} session
 * @param {import("../pure/state.js").LabRequest} request
 * @param {string} run
 * @param {HTMLElement} stage where a picture, a text in a new font or a frame is put
 * @returns {Promise<Observation>}
 */
export function send(config, session, request, run, stage) {
  const { kind, path, method, headers, body, credentials, mode, redirect } = effective(request);
  const url = urlOf(config, session, request, run);
  const order = { kind, path, url, method, headers, body, credentials, mode, redirect };
  return request.page === "lab" ? perform(order, stage) : performInFrame(order, request.page, config.attacker, stage);
}

/**
 * @param {Order} order
 * @param {"attacker" | "sandbox"} page
 * @param {string} attacker its origin
 * @param {HTMLElement} stage
 * @returns {Promise<Observation>}
 */
function performInFrame(order, page, attacker, stage) {
  const isSandboxed = page === "sandbox";
  const frame = /** @type {HTMLIFrameElement} */ (
    element("iframe", {
      title: isSandboxed ? "A sandboxed frame, whose origin is null" : "The attacker’s page",
      src: `${attacker}/`,
      // The frame learns from it whose orders to take.
      referrerpolicy: "origin",
      sandbox: isSandboxed ? "allow-scripts" : null,
    })
  );
  const origin = isSandboxed ? "null" : attacker;
  return new Promise((resolve) => {
    /** @param {Observation} observation */
    const done = (observation) => {
      clearTimeout(patience);
      window.removeEventListener("message", hear);
      resolve(observation);
    };
    const message = "the frame did not report back";
    const failed = {
      allowed: false,
      type: "",
      status: null,
      headers: [],
      body: "",
      error: { name: "TimeoutError", message },
    };
    const patience = setTimeout(() => done(failed), FRAME_PATIENCE_MS);
    /** @param {MessageEvent} event */
    const hear = (event) => {
      if (event.source !== frame.contentWindow || event.origin !== origin) return;
      // No other name than `*` reaches an opaque origin; the order holds nothing that is secret.
      if (event.data?.lab === "ready")
        frame.contentWindow?.postMessage({ lab: "order", order }, isSandboxed ? "*" : attacker);
      if (event.data?.lab === "report") done(event.data.observation);
    };
    window.addEventListener("message", hear);
    stage.append(frame);
  });
}
