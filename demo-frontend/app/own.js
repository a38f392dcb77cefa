// Calls the Lab's own server for *Your own API*.

import { call } from "./control.js";

/**
 * @typedef {import("../generated/types.js").OwnRequest} OwnRequest
 * @typedef {import("../generated/types.js").OwnState} OwnState
 * @typedef {import("../generated/types.js").OwnView} OwnView
 * @typedef {import("../generated/types.js").ProbeChoice} ProbeChoice
 */

/** Longer than the Lab waits for somebody's own API. */
const PATIENCE_MS = 30_000;

/** @returns {Promise<OwnState>} whether *Your own API* is on */
export function readOwn() {
  return call("GET", "/control/own");
}

/**
 * Has the Lab send to somebody's own API what a browser sends.
 *
 * @param {OwnRequest} wanted
 * @returns {Promise<OwnView>} throws a `ControlError` if the target is refused
 */
export function playOwn(wanted) {
  return call("POST", "/control/own/play", wanted, PATIENCE_MS);
}

/**
 * Has the Lab send a probe that the reader chose.
 *
 * @param {ProbeChoice} choice
 * @returns {Promise<OwnView>}
 */
export function probeOwn(choice) {
  return call("POST", "/control/own/probe", choice, PATIENCE_MS);
}
