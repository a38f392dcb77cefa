// A request as somebody else would write it: as JavaScript for a page, and as curl for a terminal; and the buttons that
// copy a text. curl is no browser: it withholds nothing, and sends an `Origin` only because it is told to.

import { announce } from "./dom.js";
import { BODY_TYPES } from "./generated/constants.js";
import { effective, urlOf } from "./state.js";

/**
 * @typedef {import("./control.js").Config} Config
 * @typedef {import("./state.js").LabRequest} LabRequest
 */

/**
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} asked
 * @returns {string}
 */
export function asScript(config, session, asked) {
  const request = effective(asked);
  const url = JSON.stringify(urlOf(config, session, request, null));
  const crossOrigin = request.credentials === "include" ? "use-credentials" : "anonymous";
  switch (request.kind) {
    case "fetch":
      return fetchSource(url, request);
    case "xhr":
      return xhrSource(url, request);
    case "font":
      return `const face = new FontFace("Lab", 'url(${url})');\nawait face.load();\ndocument.fonts.add(face);`;
    case "image":
      return `const image = new Image();\nimage.src = ${url};\nawait image.decode();`;
    case "image-cors":
      return `const image = new Image();\nimage.crossOrigin = "${crossOrigin}";\nimage.src = ${url};\nawait image.decode();`;
    case "canvas":
      return [
        "const image = new Image();",
        ...(request.mode === "no-cors" ? [] : [`image.crossOrigin = "${crossOrigin}";`]),
        `image.src = ${url};`,
        "await image.decode();",
        'const canvas = document.createElement("canvas").getContext("2d");',
        "canvas.drawImage(image, 0, 0);",
        "canvas.getImageData(0, 0, 1, 1);",
      ].join("\n");
    case "module":
      return request.credentials === "include"
        ? `// <script type="module" crossorigin="use-credentials" src=${url}>`
        : `const module = await import(${url});`;
    case "events":
      return [
        `const source = new EventSource(${url}${request.credentials === "include" ? ", { withCredentials: true }" : ""});`,
        "source.onmessage = (event) => console.log(event.data);",
      ].join("\n");
  }
}

/**
 * What script wrote, in a few words.
 *
 * @param {LabRequest} asked
 */
export function inShort({ kind, path }) {
  switch (kind) {
    case "fetch":
      return `fetch("${path}")`;
    case "xhr":
      return "xhr.send()";
    case "font":
      return "face.load()";
    case "module":
      return "import";
    case "events":
      return "EventSource";
    default:
      return "image.src";
  }
}

/**
 * @param {string} url quoted
 * @param {LabRequest} request
 */
function fetchSource(url, { method, headers, body, credentials, mode, redirect }) {
  /** @type {Record<string, unknown>} */
  const init = {};
  if (method !== "GET") init.method = method;
  if (headers.length > 0) init.headers = isUnique(headers) ? Object.fromEntries(headers) : headers;
  if (credentials !== "same-origin") init.credentials = credentials;
  if (mode !== "cors") init.mode = mode;
  if (redirect !== "follow") init.redirect = redirect;
  if (body !== null) init.body = body.text;
  if (Object.keys(init).length === 0) return `const response = await fetch(${url});`;
  const written = JSON.stringify(init, null, 2).replace(/^( +)"([A-Za-z]+)":/gm, "$1$2:");
  const called = body?.type === "form" ? written.replace(/body: (".*")/, "body: new URLSearchParams($1)") : written;
  return `const response = await fetch(${url}, ${called});`;
}

/**
 * @param {string} url quoted
 * @param {LabRequest} request
 */
function xhrSource(url, { method, headers, body, credentials }) {
  const text = body === null ? "" : JSON.stringify(body.text);
  return [
    "const xhr = new XMLHttpRequest();",
    `xhr.open(${JSON.stringify(method)}, ${url});`,
    ...(credentials === "include" ? ["xhr.withCredentials = true;"] : []),
    ...headers.map(([name, value]) => `xhr.setRequestHeader(${JSON.stringify(name)}, ${JSON.stringify(value)});`),
    `xhr.send(${body?.type === "form" ? `new URLSearchParams(${text})` : text});`,
  ].join("\n");
}

/** @param {[string, string][]} headers */
function isUnique(headers) {
  return new Set(headers.map(([name]) => name.toLowerCase())).size === headers.length;
}

/**
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} asked
 * @param {import("./control.js").Prediction | null} prediction tells whether a preflight comes first
 * @returns {string}
 */
export function asCurl(config, session, asked, prediction) {
  const request = effective(asked);
  const url = quoted(urlOf(config, session, request, null));
  const first = prediction?.messages[0];
  const commands = [];
  if (first?.kind === "preflight") {
    const asking = first.request_headers.filter(([name]) => /^(origin|access-control-request-)/i.test(name));
    commands.push(["# the preflight", ["curl -i -X OPTIONS", ...asking.map(header), url].join(" \\\n  ")].join("\n"));
  }
  const origin = { lab: config.page, attacker: config.attacker, sandbox: "null" }[request.page];
  const type = request.body === null ? null : BODY_TYPES[request.body.type].browser;
  const hasType = request.headers.some(([name]) => name.toLowerCase() === "content-type");
  const parts = [
    request.method === "GET" || (request.method === "POST" && request.body)
      ? "curl -i"
      : request.method === "HEAD"
        ? "curl -I"
        : `curl -i -X ${/^[\w-]+$/.test(request.method) ? request.method : quoted(request.method)}`,
    ...(request.mode === "no-cors" && request.method === "GET" ? [] : [header(["Origin", origin])]),
    ...request.headers.map(header),
    ...(type === null || hasType ? [] : [header(["Content-Type", type])]),
    ...(request.body === null ? [] : [`--data-raw ${quoted(request.body.text)}`]),
    url,
  ];
  commands.push((commands.length > 0 ? "# the request itself\n" : "") + parts.join(" \\\n  "));
  return commands.join("\n\n");
}

/** @param {[string, string]} pair */
function header([name, value]) {
  return `-H ${quoted(`${name}: ${value}`)}`;
}

/**
 * For a shell, in which nothing within single quotes means anything but the quote itself.
 *
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {HTMLElement} button says for a moment that it was done
 * @param {() => string} text
 */
export function copyButton(button, text) {
  const label = button.textContent ?? "";
  button.addEventListener("click", async () => {
    const copied = text();
    try {
      await navigator.clipboard.writeText(copied);
    } catch {
      copyTheOldWay(copied);
    }
    button.dataset.copied = "true";
    button.textContent = "Copied";
    announce("Copied.");
    setTimeout(() => {
      button.textContent = label;
      delete button.dataset.copied;
    }, 1500);
  });
}

/**
 * Where the page is reached by a name other than localhost there is no clipboard to ask for.
 *
 * @param {string} text
 */
function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
