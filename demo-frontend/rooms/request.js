// The request: a form for every kind a page can make, and the same request as code.

import { asCurl, asDoctor, asScript } from "../pure/code.js";
import { fromLines, toLines } from "../pure/headers.js";
import { PREFIXES } from "../pure/place.js";
import { DEFAULT_REQUEST, KINDS, toRequest, usesOf } from "../pure/state.js";
import { copyButton } from "./copy.js";
import { element, find, setText, tabs } from "./dom.js";

/** @typedef {import("../pure/state.js").LabRequest} LabRequest */

/**
 * Opens the room.
 *
 * @param {{onEdit: (request: LabRequest) => void, onSend: () => void}} lab
 */
export function requestRoom({ onEdit, onSend }) {
  const room = find("[data-room=request]");
  const form = /** @type {HTMLFormElement} */ (find("form", room));
  const button = /** @type {HTMLButtonElement} */ (find("[data-action=send]", room));
  const hint = find("[data-part=send-hint]", room);
  let kind = "fetch";
  let server = DEFAULT_REQUEST.server;
  const texts = { script: "", curl: "", doctor: "" };

  field("kind").append(...Object.entries(KINDS).map(([value, { name }]) => element("option", { value }, name)));
  tabs(find("[role=tablist]", room));
  copyButton(find("[data-action=copy-fetch]", room), () => texts.script);
  copyButton(find("[data-action=copy-curl]", room), () => texts.curl);
  copyButton(find("[data-action=copy-doctor]", room), () => texts.doctor);

  form.addEventListener("input", () => {
    followKind();
    fit();
    onEdit(read());
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) onSend();
  });

  /** @param {string} name */
  function field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
  }

  /** @param {string} name */
  function box(name) {
    return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  }

  /** Another kind loads another path, unless the reader has chosen one. */
  function followKind() {
    const next = field("kind").value;
    if (next === kind) return;
    const paths = Object.values(KINDS).map(({ path }) => path);
    if (paths.includes(field("path").value)) field("path").value = KINDS[/** @type {keyof typeof KINDS} */ (next)].path;
    kind = next;
  }

  /** Shows the fields that the kind has a use for. */
  function fit() {
    const uses = usesOf(/** @type {keyof typeof KINDS} */ (field("kind").value));
    for (const part of form.querySelectorAll("[data-for]")) {
      if (part instanceof HTMLElement) part.hidden = !uses.includes(part.dataset.for ?? "");
    }
    find("[data-part=body-text]", room).hidden = field("body-type").value === "";
    // What is good news depends on who gets it.
    document.body.dataset.sender = field("page").value;
    for (const name of ["headers", "body"]) {
      const area = /** @type {HTMLTextAreaElement} */ (field(name));
      area.rows = Math.min(8, Math.max(1, area.value.split("\n").length));
    }
  }

  /** @param {LabRequest["server"]} chosen */
  function sendTo(chosen) {
    server = chosen;
    setText(find("[data-part=path-label]", room), `Path in ${PREFIXES[server]}`);
  }

  /** @returns {LabRequest} as the form says */
  function read() {
    const type = field("body-type").value;
    return toRequest({
      server,
      kind: field("kind").value,
      method: field("method").value.trim() || "GET",
      path: field("path").value.trim().replace(/^\/+/, ""),
      query: field("query").value.trim().replace(/^\?/, ""),
      headers: fromLines(field("headers").value),
      body: type === "" ? null : { type, text: field("body").value },
      credentials: field("credentials").value,
      mode: field("mode").value,
      redirect: field("redirect").value,
      cached: box("cached").checked,
      address: field("address").value,
      page: field("page").value,
      page_address_space: field("page_address_space").value,
      same_url: box("same_url").checked,
    });
  }

  return {
    read,
    sendTo,
    /** @param {LabRequest} request */
    fill(request) {
      for (const name of /** @type {const} */ ([
        "kind",
        "method",
        "path",
        "query",
        "credentials",
        "mode",
        "redirect",
        "address",
        "page",
      ])) {
        field(name).value = request[name];
      }
      field("page_address_space").value = request.page_address_space ?? "";
      kind = request.kind;
      sendTo(request.server);
      field("headers").value = toLines(request.headers);
      field("body-type").value = request.body?.type ?? "";
      field("body").value = request.body?.text ?? "";
      box("cached").checked = request.cached;
      box("same_url").checked = request.same_url;
      const more = /** @type {HTMLDetailsElement} */ (find("details", form));
      const { query, redirect, address, page_address_space, cached, same_url } = request;
      const isPlain = query === "" && redirect === "follow" && address === "api" && page_address_space === null;
      if (!isPlain || cached || same_url) more.open = true;
      fit();
    },
    /**
     * @param {import("../app/control.js").Config} config
     * @param {string} session
     * @param {LabRequest} request
     * @param {import("../app/control.js").Prediction | null} prediction
     */
    showCode(config, session, request, prediction) {
      texts.script = asScript(config, session, request);
      texts.curl = asCurl(config, session, request, prediction);
      texts.doctor = asDoctor(config, session, request);
      setText(find("[data-field=script]", room), texts.script);
      setText(find("[data-field=curl]", room), texts.curl);
      setText(find("[data-field=doctor]", room), texts.doctor);
    },
    /**
     * @param {boolean} canSend
     * @param {string} why not, or what is going on
     */
    setReady(canSend, why) {
      button.disabled = !canSend;
      setText(hint, why);
    },
  };
}
