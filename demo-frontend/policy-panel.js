// The policy in force, as the server reports it. A refresh touches only what differs, so that an open <details>, the
// focus and a text selection all stay where they are.

import { announce, find, setText } from "./dom.js";

/**
 * @typedef {import("./control.js").PolicyReport} PolicyReport
 */

/** What the panel shows now, as JSON; empty before the first report. */
let shown = "";
/** @type {PolicyReport | null} */
let before = null;

/**
 * @param {PolicyReport} report
 */
export function showPolicy(report) {
  const next = JSON.stringify(report);
  if (next === shown) return;
  shown = next;

  const panel = find('[data-field="policy"]');
  setText(find('[data-part="source"]', panel), `${report.file}, version ${report.generation}`);
  setText(find('[data-part="summary"]', panel), summary(report.config));
  setText(find('[data-part="config"]', panel), toToml(report.config));
  setText(find('[data-part="text"]', panel), report.text);
  find("details", panel).hidden = false;
  setText(find('[data-part="problem-text"]', panel), report.problem ?? "");
  find('[data-field="problem"]', panel).hidden = report.problem === null;
  for (const name of document.querySelectorAll('[data-shows="policy-file"]')) setText(name, report.file);
  panel.dataset.generation = String(report.generation);

  if (before !== null) tellChange(panel, before, report);
  before = report;
}

/**
 * @param {HTMLElement} panel
 * @param {PolicyReport} old
 * @param {PolicyReport} report
 */
function tellChange(panel, old, report) {
  if (report.problem !== null && report.problem !== old.problem) {
    announce(`Your last save was refused; the old policy stays in force. ${report.problem}`);
  } else if (report.generation !== old.generation) {
    announce(`A new policy is in force. ${summary(report.config)}`);
    // Restarts the animation, should the last one still run.
    panel.classList.remove("changed");
    void panel.offsetWidth;
    panel.classList.add("changed");
  } else if (report.problem === null && old.problem !== null) {
    announce("The policy file is in order again.");
  }
}

/**
 * @param {import("./control.js").PolicyConfig} config
 * @returns {string}
 */
function summary(config) {
  if (config.allow_origins.length === 0) {
    return "It allows nothing: no other origin’s script may read an answer.";
  }
  const who = config.allow_origins.includes("*") ? "any origin" : config.allow_origins.join(" and ");
  const cookies = config.allow_credentials ? ", with cookies too" : ", without cookies";
  return `Script from ${who} may read answers${cookies}.`;
}

/**
 * The settings in effect, in the words of the policy file.
 *
 * @param {import("./control.js").PolicyConfig} config
 * @returns {string}
 */
function toToml(config) {
  return [
    `allow_origins = ${list(config.allow_origins)}`,
    `allow_methods = ${list(config.allow_methods)}`,
    `allow_headers = ${list(config.allow_headers)}`,
    `expose_headers = ${list(config.expose_headers)}`,
    `allow_credentials = ${config.allow_credentials}`,
    config.max_age == null ? "# max_age is not set" : `max_age = ${config.max_age}`,
  ].join("\n");
}

/**
 * @param {string[]} strings
 * @returns {string} one line where it is short, else a line a member
 */
function list(strings) {
  const members = strings.map((string) => JSON.stringify(string));
  const line = `[${members.join(", ")}]`;
  return line.length <= 28 || members.length === 1 ? line : `[\n${members.map((member) => `  ${member},\n`).join("")}]`;
}
