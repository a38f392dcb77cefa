// What came of a request to the reader's own API: both verdicts, the cause and the fix, what went over the wire, and the probes
// that would tell more, each with what it sends.

import { headerRows } from "../pure/headers.js";
import { disagreement, ownRun, ownSent, targetNotes } from "../pure/own.js";
import { tell } from "../pure/story.js";
import { observedBox, predictedBox } from "../pure/verdict.js";
import { element, find, headerList, withCode } from "../rooms/dom.js";
import { consolePart, evidence, fixPart, scriptSide, showBox, whyPart } from "../rooms/verdict.js";
import { wireRoom } from "../rooms/wire.js";

/**
 * @typedef {import("../app/own.js").OwnView} OwnView
 * @typedef {import("../pure/own.js").Own} Own
 * @typedef {OwnView["probes"][number]} Probe
 */

const CAPTION = "as the Lab saw it";
const FIRST_PROBES = 3;
const EXPOSE = "Access-Control-Expose-Headers";

/**
 * @param {{
 *   engine: import("../pure/engine.js").Engine,
 *   page: string,
 *   onProbe: (name: string) => void,
 * }} own
 */
export function findingsRoom({ engine, page, onProbe }) {
  const room = find("[data-room=findings]");
  const nothing = find("[data-part=nothing]", room);
  const found = find("[data-part=found]", room);
  const agreement = find("[data-field=agreement]", room);
  const wire = wireRoom();

  /** @param {Probe} probe */
  function probeItem(probe) {
    const button = element("button", { type: "button", "data-probe": probe.name }, `Send this ${probe.method}`);
    button.addEventListener("click", () => onProbe(probe.name));
    return element(
      "li",
      {},
      element("p", {}, `${probe.purpose}:`),
      element("code", {}, `${probe.method} ${probe.url}`),
      headerList(headerRows(probe.headers, [])),
      probe.unsafe_method && element("p", { class: "risk" }, `${probe.method} may change something on the server.`),
      probe.carries_secrets && element("p", { class: "note" }, "It carries the credentials that you typed."),
      button,
    );
  }

  /** @param {Probe[]} probes the most telling first */
  function probesPart(probes) {
    const [first, more] = [probes.slice(0, FIRST_PROBES), probes.slice(FIRST_PROBES)];
    return element(
      "div",
      { "data-field": "probes" },
      element("p", { class: "note" }, "Your browser doesn’t send these. The Lab sends one when you press its button."),
      element("ul", { class: "own-probes" }, ...first.map(probeItem)),
      more.length > 0 &&
        element(
          "details",
          { class: "more" },
          element("summary", {}, `${more.length} more`),
          element("ul", { class: "own-probes" }, ...more.map(probeItem)),
        ),
    );
  }

  return {
    stage: find("[data-part=stage]", room),
    clear() {
      nothing.hidden = false;
      found.hidden = true;
    },
    /**
     * @param {Own} own
     * @param {OwnView} view
     * @param {Observation | null} observation null if the page sent nothing
     */
    show(own, view, observation) {
      nothing.hidden = true;
      found.hidden = false;
      const sent = observation && ownSent(own, view, observation);
      const expected = ownSent(own, view, NOTHING);
      showBox(
        find("[data-field=predicted]", room),
        "The Lab’s own request",
        expected === null ? { outcome: null, detail: "not known" } : predictedBox(expected.prediction),
      );
      showBox(
        find("[data-field=observed]", room),
        "Your browser",
        sent === null ? { outcome: null, detail: "sent nothing" } : observedBox(sent),
      );
      const differs = sent === null ? null : disagreement(sent);
      agreement.hidden = sent === null;
      agreement.dataset.agree = String(differs === null);
      agreement.replaceChildren(
        element("span", { class: "mark", "aria-hidden": "true" }, differs === null ? "=" : "≠"),
        element("span", { class: "visually-hidden" }, differs === null ? "the same" : "not the same"),
      );
      find("[data-part=reasons]", room).replaceChildren(
        ...parts([
          view.stopped !== null && element("p", { class: "risk", "data-field": "stopped" }, ...withCode(view.stopped)),
          view.stopped !== null && element("p", {}, "So your browser sent nothing either."),
          differs !== null && element("p", { class: "risk" }, differs),
          expected === null ? undecided(own, view) : whyPart(expected),
          view.rivals.length > 0 &&
            element(
              "p",
              { class: "note", "data-field": "rivals" },
              ...withCode(`Not ruled out: ${named(view.rivals)}.`),
            ),
          expected && fixPart(expected, null),
          ...recipes(view),
          ...view.notes.map((note) => element("p", { class: "note" }, ...withCode(note))),
          ...targetNotes(view.targets).map((note) => element("p", { class: "note" }, ...withCode(note))),
        ]),
      );
      const story = tell(ownRun(own, view, observation, page));
      wire.show({ ...story, happened: true, caption: CAPTION });
      find("[data-part=evidence]", room).replaceChildren(
        ...parts([
          view.evidence.length > 0 && element("h3", {}, "What shows it"),
          view.evidence.length > 0 &&
            evidence(view.evidence, { "data-field": "evidence", "aria-label": "What shows it" }),
          view.probes.length > 0 && element("h3", {}, "What else would tell"),
          view.probes.length > 0 && probesPart(view.probes),
          expected && consolePart(expected, engine),
        ]),
      );
      find("[data-part=given]", room).replaceChildren(
        ...parts([
          observation &&
            scriptSide({ observation, prediction: expected?.prediction ?? null, request: own.request }, EXPOSE),
        ]),
      );
      room.dataset.cause = view.verdict?.cause ?? "";
    },
  };
}

/** What a page was given that was given nothing: only the other half of what is known counts. @type {Observation} */
const NOTHING = { allowed: false, type: "", status: null, headers: [], body: "", error: null };

/**
 * @param {Own} own
 * @param {OwnView} view
 */
function undecided({ request }, view) {
  if (view.stopped !== null) return null;
  return element(
    "p",
    { class: "why", "data-field": "undecided" },
    `The ${request.method} itself was not sent, because it may change something on the server. What the preflight shows is below; confirm the method to send it.`,
  );
}

/**
 * What to write, in the server's own words.
 *
 * @param {OwnView} view
 */
function recipes({ needed, servers }) {
  if (servers.length === 0 && needed === null) return [];
  return [
    needed &&
      element(
        "div",
        { "data-field": "needed" },
        element("h3", {}, needed.preflight ? "The response to the preflight needs" : "The response needs"),
        headerList(headerRows(needed.headers, [])),
      ),
    servers.length > 0 &&
      element(
        "details",
        { class: "more", "data-field": "servers" },
        element("summary", {}, "In your server"),
        element(
          "div",
          { class: "own-servers" },
          ...servers.map(({ title, line, code, traps, checked }) =>
            element(
              "details",
              {},
              element("summary", {}, title),
              element("p", {}, line),
              element("pre", { tabindex: 0, role: "group", "aria-label": `The setting in ${title}` }, code),
              ...traps.map((trap) => element("p", { class: "note" }, trap)),
              !checked && element("p", { class: "note" }, "From its documentation; it was not tried."),
            ),
          ),
        ),
      ),
  ];
}

/** @param {string[]} names */
function named(names) {
  return names.map((name) => `\`${name}\``).join(", ");
}

/** @param {unknown[]} nodes */
function parts(nodes) {
  return nodes.filter((part) => part instanceof Node);
}
