// Where the reader pastes an error of their own: a text, then what is known of it. It is loaded when it is opened first.

import { ACCEPTED, problemOf, toShow } from "../pure/import.js";
import { copyButton } from "./copy.js";
import { announce, element, find, prose } from "./dom.js";

/**
 * @typedef {import("../generated/types.js").Import} Import
 */

/**
 * Opens the room.
 *
 * @param {object} lab
 * @param {(text: string) => Promise<Import>} lab.read  throws if it can't be read
 * @param {(imported: Import) => Promise<void>} lab.onTake  puts it in the forms; sends nothing
 * @param {() => void} lab.onSend
 */
export function pasteRoom({ read, onTake, onSend }) {
  const field = element("textarea", {
    name: "paste",
    rows: 6,
    spellcheck: "false",
    autocapitalize: "off",
    "aria-describedby": "paste-hint paste-problem",
  });
  const problem = element("p", { class: "problem", id: "paste-problem", role: "alert" });
  const button = element("button", { class: "primary", type: "submit", "data-action": "read-paste" }, "Read it");
  const form = element(
    "form",
    { novalidate: true, autocomplete: "off" },
    element("label", {}, "Your error ", field),
    element(
      "p",
      { class: "note", id: "paste-hint" },
      ...prose(`${ACCEPTED} It stays on this machine, and nothing is sent by it.`),
    ),
    button,
    problem,
  );
  const close = element("button", { type: "button", class: "quiet", "data-action": "close-paste" }, "Close");
  const result = element("div", { "data-part": "imported" });
  const room = element(
    "section",
    { class: "room", "data-room": "paste", "aria-labelledby": "paste-title" },
    element("div", { class: "room-head" }, element("h2", { id: "paste-title" }, "An error of your own"), close),
    form,
    result,
  );
  /** Counts the texts that were read: what comes of an earlier one is late. */
  let moment = 0;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    moment += 1;
    const mine = moment;
    const text = field.value;
    try {
      const wrong = problemOf(text);
      if (wrong !== null) return refuse(wrong);
      const imported = await read(text);
      if (mine !== moment) return;
      if (imported.not_here === null) await onTake(imported);
      show(imported);
    } catch (error) {
      if (mine === moment) refuse(error instanceof Error ? error.message : String(error));
    }
  });
  field.addEventListener("input", () => {
    button.className = "primary";
  });
  field.addEventListener("keydown", (event) => {
    // Elsewhere these send the request.
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit();
  });
  close.addEventListener("click", leave);
  room.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });

  /** @param {string} why the text stays, and all that was shown of an earlier one goes */
  function refuse(why) {
    problem.replaceChildren(...prose(why));
    result.replaceChildren();
    delete room.dataset.read;
    field.setAttribute("aria-invalid", "true");
    button.className = "primary";
    field.focus();
  }

  /** @param {Import} imported */
  function show(imported) {
    problem.replaceChildren();
    field.removeAttribute("aria-invalid");
    // What comes next is to send it.
    button.className = "quiet";
    room.dataset.read = imported.kind;
    result.replaceChildren(...resultOf(imported));
    const heading = find("h3", result);
    // The text is above, and what is news is to be seen.
    room.scrollTop = 0;
    field.scrollTop = 0;
    heading.focus({ preventScroll: true });
    if (heading.getBoundingClientRect().bottom > window.innerHeight * 0.7) room.scrollIntoView({ block: "start" });
    announce("Read.");
  }

  /** @param {Import} imported */
  function resultOf(imported) {
    const { title, state, causesTitle, causes, parts, canSend } = toShow(imported);
    const send = element(
      "button",
      { type: "button", class: "primary", "data-action": "send-imported" },
      "Send it here",
    );
    send.addEventListener("click", onSend);
    const command = element("button", { type: "button", class: "copy", "data-action": "copy-imported" }, "Copy");
    copyButton(command, () => imported.command);
    const items = causes.map(({ names, what, fix }) =>
      element("li", { "data-cause": names }, what, fix !== "" && element("span", { class: "fix-line" }, ` ${fix}`)),
    );
    return [
      element("h3", { tabindex: -1, "data-field": "import-title" }, title),
      element("p", { "data-field": "import-state" }, state),
      ...(canSend ? [send] : []),
      ...(causesTitle === null
        ? []
        : [
            element("h4", { "data-certain": String(imported.certain) }, causesTitle),
            element("ol", { class: "causes" }, ...items),
          ]),
      ...parts.map((part) =>
        element(
          "div",
          { "data-part": part.name },
          element("h4", {}, part.title),
          element("ul", {}, ...part.items.map((item) => element("li", {}, item))),
        ),
      ),
      element("h4", {}, "What your server really does, this finds out"),
      element("pre", { tabindex: 0, role: "group", "aria-label": "A cors-doctor command" }, imported.command),
      command,
    ];
  }

  function leave() {
    room.remove();
    find("main").classList.remove("with-paste");
    find("[data-action=paste]").focus();
  }

  return {
    /** Shows the room, as it was left. */
    open() {
      const main = find("main");
      if (!room.isConnected) main.prepend(room);
      main.classList.add("with-paste");
      room.scrollIntoView({ block: "nearest" });
      field.focus();
    },
  };
}
