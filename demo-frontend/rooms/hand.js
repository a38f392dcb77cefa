// The server written by hand: a form for what it responds with to OPTIONS and to everything else, and the classics to begin
// with. Edits are applied to the running server at once; what it can't be is said at the field it belongs to, and is not in
// force. Which server a request is sent to is chosen here as well.

import { fromLines, toLines } from "../pure/headers.js";
import { toHand } from "../pure/state.js";
import { element, find, prose, setText, tabs } from "./dom.js";

/**
 * @typedef {import("../app/control.js").HandProblem} HandProblem
 * @typedef {import("../pure/presets.js").Classic} Classic
 * @typedef {import("../pure/state.js").HandWritten} HandWritten
 * @typedef {import("../pure/state.js").HandResponse} HandResponse
 * @typedef {import("../pure/state.js").LabRequest} LabRequest
 */

/** Typing is taken to be over when it has rested for so long. */
const REST_MS = 350;

const PARTS = /** @type {const} */ ([
  ["preflight", "To OPTIONS, as preflights are"],
  ["response", "To every other request"],
]);
const FIELDS = /** @type {const} */ (["status", "headers", "redirect", "delay_ms", "close"]);

/**
 * Opens the room.
 *
 * @param {object} lab
 * @param {(hand: HandWritten) => Promise<unknown>} lab.onEdit
 * @param {(server: LabRequest["server"]) => void} lab.onServer
 * @param {(preset: Classic) => void} lab.onPreset
 */
export function handRoom({ onEdit, onServer, onPreset }) {
  const outer = find("[data-room=policy]");
  const room = find("[data-room=hand]");
  const form = /** @type {HTMLFormElement} */ (find("form", room));
  const status = find("[data-part=hand-status]", outer);
  /** @type {Classic[]} */
  let presets = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  /** @type {Promise<unknown>} */
  let applying = Promise.resolve();

  find("[data-part=responses]", room).replaceWith(...PARTS.map(([part, title]) => responseFields(part, title)));
  const chooseTab = tabs(find(".server-tabs", outer), (id) => {
    const server = id === "tab-hand" ? "hand" : "policy";
    showFor(server);
    onServer(server);
  });

  form.addEventListener("input", (event) => {
    if (event.target === field("preset")) return;
    grow();
    setStatus("edited", "editing…");
    clearTimeout(resting);
    resting = setTimeout(apply, REST_MS);
  });
  form.addEventListener("change", (event) => {
    if (event.target !== field("preset") && resting !== undefined) apply();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });

  find("[data-action=begin-preset]", room).addEventListener("click", () => {
    const none = { id: "", title: "", text: "", hand: toHand({}), before: [] };
    const preset = presets.find(({ id }) => id === field("preset").value) ?? none;
    clearTimeout(resting);
    resting = undefined;
    onPreset(/** @type {Classic} */ (preset));
  });

  function apply() {
    clearTimeout(resting);
    resting = undefined;
    const hand = read();
    applying = applying.then(() => onEdit(hand));
    return applying;
  }

  /** @param {string} name */
  function field(name) {
    return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  }

  /** @returns {HandWritten} as the form says */
  function read() {
    /** @type {(part: string) => Partial<HandResponse>} */
    const response = (part) => ({
      status: Number(field(`${part}-status`).value),
      headers: fromLines(field(`${part}-headers`).value),
      redirect: field(`${part}-redirect`).value.trim() || null,
      delay_ms: Number(field(`${part}-delay_ms`).value),
      close: field(`${part}-close`).checked,
    });
    return toHand({ preflight: response("preflight"), response: response("response") });
  }

  /** Every list is as tall as what is in it. */
  function grow() {
    for (const [part] of PARTS) {
      const area = /** @type {HTMLTextAreaElement} */ (/** @type {unknown} */ (field(`${part}-headers`)));
      area.rows = Math.min(10, Math.max(2, area.value.split("\n").length));
    }
  }

  /**
   * @param {"force" | "edited" | "refused"} state
   * @param {string} text
   */
  function setStatus(state, text) {
    status.dataset.state = state;
    setText(status, text);
  }

  /** @param {HandProblem[]} problems */
  function showProblems(problems) {
    for (const place of form.querySelectorAll("[data-problems]")) {
      const name = place.getAttribute("data-problems");
      const here = problems.filter(({ part, field }) => `${part}-${field}` === name);
      field(name ?? "").setAttribute("aria-invalid", String(here.length > 0));
      place.replaceChildren(
        ...here.map(({ line, message }) =>
          element("p", { class: "problem" }, line === null ? null : `Header ${line + 1}: `, message),
        ),
      );
    }
  }

  /** @param {LabRequest["server"]} server */
  function showFor(server) {
    outer.dataset.server = server;
  }

  /** @param {Classic | null} preset */
  function showPreset(preset) {
    field("preset").value = preset?.id ?? "";
    find("[data-part=preset-text]", room).replaceChildren(...prose(preset?.text ?? ""));
    delete room.dataset.preset;
  }

  return {
    /** Applies what is still being typed, and waits for it. */
    async settle() {
      if (resting !== undefined) apply();
      await applying;
    },
    /** @param {LabRequest["server"]} server */
    choose(server) {
      chooseTab(`tab-${server}`);
      showFor(server);
    },
    /** @param {Classic[]} classics */
    offer(classics) {
      presets = classics;
      const options = classics.map(({ id, title }) => element("option", { value: id }, title));
      field("preset").append(...options);
    },
    showPreset,
    /**
     * All of it is in force, and sent what is sent before.
     *
     * @param {Classic} preset
     */
    hasBegun({ id }) {
      room.dataset.preset = id;
    },
    /** @param {HandWritten} hand */
    fill(hand) {
      clearTimeout(resting);
      resting = undefined;
      for (const [part] of PARTS) {
        const { status, headers, redirect, delay_ms, close } = hand[part];
        field(`${part}-status`).value = String(status);
        const text = toLines(headers);
        if (toLines(fromLines(field(`${part}-headers`).value)) !== text) field(`${part}-headers`).value = text;
        field(`${part}-redirect`).value = redirect ?? "";
        field(`${part}-delay_ms`).value = String(delay_ms);
        field(`${part}-close`).checked = close;
      }
      grow();
    },
    /** One is in force. */
    show() {
      showProblems([]);
      if (resting === undefined) setStatus("force", "in force");
    },
    /** @param {HandProblem[]} problems */
    refuse(problems) {
      showProblems(problems);
      setStatus("refused", "not applied");
    },
  };
}

/**
 * @param {"preflight" | "response"} part
 * @param {string} title
 */
function responseFields(part, title) {
  /** @type {(field: typeof FIELDS[number]) => HTMLElement} */
  const problems = (field) =>
    element("div", {
      class: "problems",
      id: `problems-${part}-${field}`,
      "data-problems": `${part}-${field}`,
      role: "status",
    });
  /** @type {(field: typeof FIELDS[number]) => Record<string, string>} */
  const named = (field) => ({ name: `${part}-${field}`, "aria-describedby": `problems-${part}-${field}` });
  return element(
    "fieldset",
    { class: "by-hand" },
    element("legend", {}, title),
    element(
      "div",
      { class: "by-hand-row" },
      element(
        "label",
        {},
        "Status ",
        element("input", { ...named("status"), type: "number", min: 200, max: 599, inputmode: "numeric" }),
      ),
      element(
        "label",
        {},
        "Redirect to ",
        element("input", {
          ...named("redirect"),
          spellcheck: "false",
          autocapitalize: "off",
          placeholder: "notes/1",
        }),
      ),
      element(
        "label",
        {},
        "Delay, ms ",
        element("input", {
          ...named("delay_ms"),
          type: "number",
          min: 0,
          max: 5000,
          step: 100,
          inputmode: "numeric",
        }),
      ),
    ),
    element(
      "label",
      {},
      "Headers ",
      element("textarea", {
        ...named("headers"),
        rows: 2,
        spellcheck: "false",
        autocapitalize: "off",
        placeholder: "Access-Control-Allow-Origin: *",
      }),
    ),
    element(
      "label",
      { class: "check" },
      element("input", { ...named("close"), type: "checkbox" }),
      " Close the connection instead",
    ),
    ...FIELDS.map(problems),
  );
}
