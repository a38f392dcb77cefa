// The policy: a form whose edits are applied to the running API at once, the same policy as a file, as Rust and as JSON,
// and what it means. What the library refuses is said at the field it belongs to, and is not in force.

import { takenFrom } from "../pure/pasted.js";
import { shortened, toSeconds, withoutPlace } from "../pure/problem.js";
import { LISTS, toPolicy } from "../pure/state.js";
import { copyButton } from "./copy.js";
import { announce, element, find, setText, tabs } from "./dom.js";

/**
 * @typedef {import("../app/control.js").PolicyConfig} PolicyConfig
 * @typedef {import("../app/control.js").PolicyView} PolicyView
 * @typedef {import("../app/control.js").Problem} Problem
 */

/** Typing is taken to be over when it has rested for so long. */
const REST_MS = 350;

/** @type {Record<string, {hint: string, example: string}>} */
const HINTS = {
  allow_origins: { hint: "whose pages may read the responses, one per line", example: "http://localhost:3000" },
  danger_allow_origins: { hint: "origins that need an opt-in, one per line", example: "http://192.168.1.20:5173" },
  allow_methods: { hint: "in addition to GET, HEAD and POST, one per line", example: "PUT" },
  allow_headers: { hint: "request headers that a page’s script may set, one per line", example: "content-type" },
  expose_headers: { hint: "response headers that a page’s script may read, one per line", example: "etag" },
};

/** The list of origins that need an opt-in. */
const DANGER = "danger_allow_origins";

/**
 * Opens the room.
 *
 * @param {{onEdit: (policy: PolicyConfig) => Promise<unknown>, onSource: (source: "form" | "file") => void}} lab
 */
export function policyRoom({ onEdit, onSource }) {
  const room = find("[data-room=policy]");
  const form = /** @type {HTMLFormElement} */ (find("form", room));
  const status = find("[data-part=status]", room);
  const texts = { toml: "", rust: "", json: "" };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  /** @type {Promise<unknown>} */
  let applying = Promise.resolve();

  find("[data-part=settings]", room).replaceWith(...settings());
  tabs(find(".code-tabs [role=tablist]", room));
  for (const key of /** @type {const} */ (["toml", "rust", "json"])) {
    copyButton(find(`[data-action=copy-${key}]`, room), () => texts[key]);
  }

  form.addEventListener("input", (event) => {
    if (nameOf(event.target) === "source" || takeOver(nameOf(event.target))) return;
    grow();
    setStatus("edited", "editing…");
    clearTimeout(resting);
    resting = setTimeout(apply, REST_MS);
  });
  form.addEventListener("change", (event) => {
    if (nameOf(event.target) === "source") {
      onSource(/** @type {HTMLInputElement} */ (event.target).value === "file" ? "file" : "form");
    } else if (resting !== undefined) apply();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });

  /**
   * A whole policy in one field, as somebody pastes it, goes where it belongs.
   *
   * @param {string} name of the field
   * @returns {boolean} whether there was one
   */
  function takeOver(name) {
    const taken = LISTS.some((list) => list === name) ? takenFrom(field(name).value) : null;
    if (taken === null) return false;
    field(name).value = "";
    fill(toPolicy({ ...read(), ...taken }));
    announce(`The policy that you pasted was taken over: ${Object.keys(taken).join(", ")}.`);
    apply();
    return true;
  }

  function apply() {
    clearTimeout(resting);
    resting = undefined;
    const policy = read();
    applying = applying.then(() => onEdit(policy));
    return applying;
  }

  /** @param {string} name */
  function field(name) {
    return /** @type {HTMLInputElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
  }

  /** @param {string} name */
  function box(name) {
    return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  }

  /** @returns {PolicyConfig} as the form says, even where that is not valid: the server says why */
  function read() {
    /** @type {Record<string, unknown>} */
    const said = { allow_credentials: box("allow_credentials").checked };
    for (const list of LISTS) said[list] = entriesOf(field(list));
    const policy = toPolicy(said);
    const age = field("max_age").value.trim();
    if (age !== "") Object.assign(policy, { max_age: toSeconds(age) });
    return policy;
  }

  /** Every list is as tall as what is in it. */
  function grow() {
    for (const list of LISTS) {
      const area = /** @type {HTMLTextAreaElement} */ (field(list));
      area.rows = Math.min(8, Math.max(1, area.value.split("\n").length));
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

  /** @param {Problem[]} problems */
  function showProblems(problems) {
    for (const place of form.querySelectorAll("[data-problems]")) {
      const setting = place.getAttribute("data-problems") ?? "";
      const here = problems.filter((problem) => problem.setting === setting);
      field(setting)?.setAttribute("aria-invalid", String(here.length > 0));
      place.replaceChildren(...here.map(problemNote));
    }
    const elsewhere = problems.filter((problem) => form.querySelector(`[data-problems="${problem.setting}"]`) === null);
    find("[data-part=problems]", room).replaceChildren(...elsewhere.map(problemNote));
  }

  /** @param {Problem} problem */
  function problemNote({ setting, index, value, message, suggestions }) {
    const canReplace = suggestions.length > 0 && index !== null && field(setting) instanceof HTMLTextAreaElement;
    const button = canReplace
      ? element("button", { type: "button", class: "quiet" }, `Write ${suggestions.join(", ")}`)
      : null;
    button?.addEventListener("click", () => {
      const area = field(setting);
      // By its place: a password in it is not shown, so the text here may differ.
      const entries = entriesOf(area).flatMap((entry, at) => (at === index ? suggestions : [entry]));
      area.value = [...new Set(entries)].join("\n");
      area.focus();
      apply();
    });
    return element(
      "p",
      { class: "problem", "data-problem": setting },
      value === "" || index === null ? null : element("code", {}, shortened(value)),
      value === "" || index === null ? null : ": ",
      withoutPlace(message),
      button ? " " : null,
      button,
    );
  }

  /** @param {PolicyConfig} policy */
  function fill(policy) {
    for (const list of LISTS) {
      const text = (policy[list] ?? []).join("\n");
      const now = entriesOf(field(list)).join("\n");
      if (now !== text) field(list).value = text;
    }
    box("allow_credentials").checked = policy.allow_credentials;
    if (Number(field("max_age").value) !== policy.max_age || field("max_age").value === "") {
      field("max_age").value = policy.max_age === undefined ? "" : String(policy.max_age);
    }
    const details = /** @type {HTMLDetailsElement} */ (find("[data-part=dangers]", room));
    if (policy[DANGER]) details.open = true;
    grow();
  }

  return {
    read,
    /** Applies what is still being typed, and waits for it. */
    async settle() {
      if (resting !== undefined) apply();
      await applying;
    },
    fill,
    /**
     * A policy is in force.
     *
     * @param {PolicyView} view
     * @param {"form" | "file"} source
     */
    show(view, source) {
      const isFile = source === "file";
      Object.assign(texts, { toml: view.toml, rust: view.rust, json: view.json });
      for (const [key, text] of Object.entries(texts)) setText(find(`[data-field=${key}]`, room), text);
      if (isFile) fill(toPolicy(view.config));
      for (const name of [...LISTS, "allow_credentials", "max_age"]) field(name).disabled = isFile;
      for (const radio of form.querySelectorAll("[name=source]")) {
        if (radio instanceof HTMLInputElement) radio.checked = radio.value === source;
      }
      find("[data-action=apply-policy]", room).hidden = isFile;
      const name = view.file?.name ?? "cors.toml";
      setText(
        find("[data-part=apply-hint]", room),
        isFile
          ? `Edit and save ${name}; it is read again at once.`
          : "Edits are applied to the running API as you type.",
      );
      showProblems([]);
      room.dataset.generation = String(view.generation);
      find("[data-part=meaning]", room).replaceChildren(
        view.file?.problem
          ? element(
              "p",
              { class: "problem" },
              `The last save was refused; the previous policy stays in force. ${view.file.problem}`,
            )
          : "",
        element("ul", { class: "sentences" }, ...view.sentences.map((text) => element("li", {}, text))),
        ...view.risks.map((text) => element("p", { class: "risk" }, text)),
      );
      if (resting === undefined)
        setStatus(view.file?.problem ? "refused" : "force", view.file?.problem ? "save refused" : "in force");
    },
    /** @param {Problem[]} problems */
    refuse(problems) {
      showProblems(problems);
      setStatus("refused", "not applied");
      const first = find("[data-problems]", room);
      if (problems.length === 0) first.textContent = "The server refused this policy.";
    },
  };
}

/** @param {HTMLInputElement | HTMLTextAreaElement} area with an entry per line */
function entriesOf(area) {
  return area.value
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** @param {EventTarget | null} target */
function nameOf(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement ? target.name : "";
}

/** @param {string} name */
function listSetting(name) {
  return element(
    "div",
    { class: "setting" },
    element(
      "label",
      { for: `policy-${name}` },
      element("code", {}, name),
      element("span", { class: "setting-hint" }, HINTS[name].hint),
    ),
    element("textarea", {
      id: `policy-${name}`,
      name,
      rows: 1,
      spellcheck: "false",
      autocapitalize: "off",
      placeholder: HINTS[name].example,
      "aria-describedby": `problems-${name}`,
    }),
    problemsOf(name),
  );
}

/** @returns {HTMLElement[]} */
function settings() {
  return [
    listSetting("allow_origins"),
    element("div", { class: "pair" }, listSetting("allow_methods"), listSetting("allow_headers")),
    element("div", { class: "pair" }, listSetting("expose_headers"), lastSettings()),
    element(
      "details",
      { class: "more", "data-part": "dangers" },
      element("summary", {}, "Opt-ins for risky policies"),
      listSetting(DANGER),
    ),
    element("div", { "data-part": "problems", role: "status" }),
  ];
}

/** The settings that are not lists. */
function lastSettings() {
  return element(
    "div",
    { class: "setting last" },
    element(
      "label",
      { class: "check" },
      element("input", {
        type: "checkbox",
        name: "allow_credentials",
        "aria-describedby": "problems-allow_credentials",
      }),
      element("code", {}, "allow_credentials"),
    ),
    element(
      "label",
      { class: "inline" },
      element("code", {}, "max_age"),
      element("input", {
        name: "max_age",
        // Not of the type "number", whose value is empty for what is not one.
        inputmode: "numeric",
        autocomplete: "off",
        "aria-describedby": "problems-max_age",
      }),
      " s",
    ),
    problemsOf("allow_credentials"),
    problemsOf("max_age"),
  );
}

/** @param {string} setting */
function problemsOf(setting) {
  return element("div", { class: "problems", id: `problems-${setting}`, "data-problems": setting, role: "status" });
}
