// The form of *Your own API*.

import { fromLines } from "../pure/headers.js";
import { isSafe, ownRequest } from "../pure/own.js";
import { find, setText } from "../rooms/dom.js";

/** @typedef {import("../pure/own.js").Own} Own */

const REMOTE = "The Lab was started with --allow-remote-apis: it also sends to other machines, and never to itself.";

/** @param {{onSend: () => void}} own */
export function ownForm({ onSend }) {
  const room = find("[data-room=own]");
  const form = /** @type {HTMLFormElement} */ (find("form", room));
  const button = /** @type {HTMLButtonElement} */ (find("[data-action=send]", room));
  const refused = find("[data-part=refused]", room);
  let isOpen = false;
  /** What the reader's confirmation was for. */
  let confirmedFor = "";

  form.addEventListener("input", fit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) onSend();
  });
  fit();

  /** @param {string} name */
  function field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
  }

  function confirmation() {
    return /** @type {HTMLInputElement} */ (form.elements.namedItem("confirmed"));
  }

  function method() {
    return field("method").value.trim() || "GET";
  }

  /** Shows the fields that there is a use for. A confirmation is for one method at one URL. */
  function fit() {
    const needsWord = !isSafe(method());
    const key = `${method()} ${field("url").value.trim()}`;
    if (key !== confirmedFor) confirmation().checked = false;
    confirmedFor = key;
    find("[data-part=confirm]", room).hidden = !needsWord;
    setText(
      find("[data-part=confirm-text]", room),
      `${method()} may change something on the server. Send it all the same, twice: from the Lab, and from this browser.`,
    );
    find("[data-part=body-text]", room).hidden = field("body-type").value === "";
    const withCookies = field("credentials").value === "include";
    find("[data-part=cookies]", room).hidden = !withCookies;
    find("[data-part=cookies-note]", room).hidden = !withCookies;
    for (const name of ["headers", "body"]) {
      const area = /** @type {HTMLTextAreaElement} */ (field(name));
      area.rows = Math.min(8, Math.max(1, area.value.split("\n").length));
    }
  }

  return {
    /**
     * @param {string | null} off why nothing can be sent
     * @param {boolean} isRemote whether other machines may be reached
     */
    open(off, isRemote) {
      isOpen = off === null;
      button.disabled = !isOpen;
      const banner = find("[data-part=off]");
      banner.hidden = isOpen;
      setText(banner, off ?? "");
      if (isRemote) setText(find("[data-part=reach]", room), REMOTE);
    },
    isOpen: () => isOpen,
    /** @returns {boolean} whether the reader confirmed a method that may change something */
    isConfirmed: () => !isSafe(method()) && confirmation().checked,
    /** @returns {Own} */
    read() {
      const type = field("body-type").value;
      const withCookies = field("credentials").value === "include";
      return {
        url: field("url").value.trim(),
        request: ownRequest({
          method: method(),
          headers: fromLines(field("headers").value),
          body: type === "" ? null : { type, text: field("body").value },
          credentials: field("credentials").value,
        }),
        cookies: withCookies ? field("cookies").value.trim() : "",
      };
    },
    /** @param {Own} own */
    fill({ url, request }) {
      field("url").value = url;
      field("method").value = request.method;
      field("credentials").value = request.credentials;
      field("headers").value = request.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
      field("body-type").value = request.body?.type ?? "";
      field("body").value = request.body?.text ?? "";
      field("cookies").value = "";
      confirmation().checked = false;
      fit();
    },
    /** @param {boolean} isWaiting */
    wait(isWaiting) {
      button.disabled = isWaiting || !isOpen;
      setText(find("[data-part=send-hint]", room), isWaiting ? "Sending…" : "");
    },
    /** @param {string | null} why nothing was sent */
    refuse(why) {
      refused.hidden = why === null;
      setText(refused, why ?? "");
      if (why === null) field("url").removeAttribute("aria-invalid");
      else field("url").setAttribute("aria-invalid", "true");
    },
  };
}
