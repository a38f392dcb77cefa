// A request as somebody else would write it: as JavaScript for a page, and as curl or cors-doctor for a terminal. curl is not
// a browser: it withholds nothing, and sends an `Origin` only because it is told to. cors-doctor does as a browser does.

import { BODY_TYPES } from "../generated/constants.js";
import { effective, urlOf } from "./state.js";

/**
 * @typedef {import("../app/control.js").Config} Config
 * @typedef {import("../app/control.js").HeaderList} HeaderList
 * @typedef {import("../app/control.js").Prediction} Prediction
 * @typedef {import("./state.js").LabRequest} LabRequest
 */

/**
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} wanted
 * @returns {string}
 */
export function asScript(config, session, wanted) {
  const request = effective(wanted);
  const url = JSON.stringify(hrefOf(config, session, request));
  const page = {
    lab: "",
    attacker: `// in the page of ${config.attacker}\n`,
    sandbox: "// in a sandboxed frame\n",
  }[request.page];
  return page + statements(url, request).join("\n");
}

/**
 * @param {string} url a literal
 * @param {LabRequest} request
 * @returns {string[]}
 */
function statements(url, request) {
  const hasCredentials = request.credentials === "include";
  const crossOrigin = hasCredentials ? '"use-credentials"' : '"anonymous"';
  switch (request.kind) {
    case "fetch":
      return fetchStatements(url, request);
    case "xhr":
      return xhrStatements(url, request);
    case "font":
      return [
        `const face = new FontFace("Lab", ${JSON.stringify(`url(${url})`)});`,
        "await face.load();",
        "document.fonts.add(face);",
      ];
    case "image":
      return imageStatements(url, null);
    case "image-cors":
      return imageStatements(url, crossOrigin);
    case "canvas":
      return [
        ...imageStatements(url, request.mode === "no-cors" ? null : crossOrigin),
        'const canvas = document.createElement("canvas").getContext("2d");',
        "canvas.drawImage(image, 0, 0);",
        "canvas.getImageData(0, 0, 1, 1);",
      ];
    case "module":
      // `import()` can't be told to send credentials to another origin; an element can.
      return hasCredentials
        ? [
            'const script = document.createElement("script");',
            'script.type = "module";',
            `script.crossOrigin = ${crossOrigin};`,
            `script.src = ${url};`,
            "document.head.append(script);",
          ]
        : [`const module = await import(${url});`];
    case "events":
      return [
        `const source = new EventSource(${url}${hasCredentials ? ", { withCredentials: true }" : ""});`,
        "source.onmessage = (event) => console.log(event.data);",
      ];
  }
}

/**
 * @param {string} url a literal
 * @param {string | null} crossOrigin a literal
 */
function imageStatements(url, crossOrigin) {
  return [
    "const image = new Image();",
    ...(crossOrigin === null ? [] : [`image.crossOrigin = ${crossOrigin};`]),
    `image.src = ${url};`,
    "await image.decode();",
  ];
}

/**
 * @param {string} url a literal
 * @param {LabRequest} request
 */
function fetchStatements(url, request) {
  const { method, headers, credentials, mode, redirect, body } = request;
  const options = [
    method === "GET" ? "" : `method: ${JSON.stringify(method)}`,
    headers.length === 0 ? "" : `headers: ${headersLiteral(headers)}`,
    credentials === "same-origin" ? "" : `credentials: "${credentials}"`,
    mode === "cors" ? "" : `mode: "${mode}"`,
    redirect === "follow" ? "" : `redirect: "${redirect}"`,
    body === null ? "" : `body: ${bodyLiteral(body)}`,
  ].filter((option) => option !== "");
  if (options.length === 0) return [`const response = await fetch(${url});`];
  return [`const response = await fetch(${url}, {`, ...options.map((option) => `  ${option},`), "});"];
}

/**
 * @param {string} url a literal
 * @param {LabRequest} request
 */
function xhrStatements(url, request) {
  return [
    "const xhr = new XMLHttpRequest();",
    `xhr.open(${JSON.stringify(request.method)}, ${url});`,
    ...(request.credentials === "include" ? ["xhr.withCredentials = true;"] : []),
    ...request.headers.map((pair) => `xhr.setRequestHeader(${pair.map((text) => JSON.stringify(text)).join(", ")});`),
    `xhr.send(${request.body === null ? "" : bodyLiteral(request.body)});`,
  ];
}

/** @param {NonNullable<LabRequest["body"]>} body */
function bodyLiteral({ type, text }) {
  return type === "form" ? `new URLSearchParams(${JSON.stringify(text)})` : JSON.stringify(text);
}

/**
 * An object, or a list of pairs where an object can't say it: one name twice, or the name that sets a prototype.
 *
 * @param {HeaderList} headers
 */
function headersLiteral(headers) {
  const names = headers.map(([name]) => name.toLowerCase());
  const [open, close, between] =
    new Set(names).size === names.length && !names.includes("__proto__") ? ["{ ", " }", ": "] : ["[", "]", ", "];
  const pairs = headers.map((pair) => pair.map((text) => JSON.stringify(text)).join(between));
  return open + (between === ": " ? pairs : pairs.map((pair) => `[${pair}]`)).join(", ") + close;
}

/**
 * What script wrote, in a few words.
 *
 * @param {Pick<LabRequest, "kind" | "path">} request
 */
export function callInShort({ kind, path }) {
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
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} wanted
 * @param {Prediction | null} prediction says whether a preflight comes first, and which headers browsers leave out
 * @returns {string} lines for a POSIX shell
 */
export function asCurl(config, session, wanted, prediction) {
  const request = effective(wanted);
  const url = hrefOf(config, session, request);
  const preflight = prediction?.messages.find(({ kind }) => kind === "preflight");
  const dropped = prediction?.dropped.map(({ name }) => name.toLowerCase()) ?? [];
  const headers = request.headers.filter(([name]) => !dropped.includes(name.toLowerCase()));
  const actual = curl(url, ...actualArguments(config, { ...request, headers }));
  const lines = callThrows(request)
    ? ["# fetch() throws for this request; this is what is left of it", actual]
    : [actual];
  if (preflight === undefined) return lines.join("\n");
  const ofPreflight = preflight.request_headers.filter(([name]) => /^(origin|access-control-request-)/i.test(name));
  const first = curl(url, "-i", "-X OPTIONS", ...ofPreflight.map(header));
  return ["# the preflight", first, "", "# the request itself", ...lines].join("\n");
}

/**
 * @param {Config} config
 * @param {LabRequest} request
 * @returns {string[]}
 */
function actualArguments(config, request) {
  const origin = originOf(config, request);
  // Browsers send these six in upper case, however script writes them, and any other method as it is written.
  const method = request.method.replace(/^(delete|get|head|options|post|put)$/i, (name) => name.toUpperCase());
  const isRead = method === "GET" || method === "HEAD";
  const body = isRead ? null : request.body;
  const headers = request.headers.filter(isHeader);
  const how = { GET: ["-i"], HEAD: ["-I"], POST: body === null ? ["-i", "-X POST"] : ["-i"] }[method];
  return [
    ...(how ?? ["-i", `-X ${/^[\w-]+$/.test(method) ? method : quoted(method)}`]),
    ...(request.mode === "no-cors" && isRead ? [] : [header(["Origin", origin])]),
    ...headers.map(header),
    ...(body === null || hasContentType(headers) ? [] : [header(["Content-Type", BODY_TYPES[body.type].browser])]),
    ...(body === null ? [] : [`--data-raw ${quoted(sentText(body))}`]),
  ];
}

/**
 * @param {Config} config
 * @param {LabRequest} request
 * @returns {string} of the page that sends it
 */
function originOf(config, { page }) {
  return { lab: config.page, attacker: config.attacker, sandbox: "null" }[page];
}

/**
 * The command that has `cors-doctor` send what the browser sends, and name the cause. It follows the page's script: what
 * `fetch()` throws for is left in, and the doctor says so.
 *
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} wanted
 * @returns {string} one line for a POSIX shell
 */
export function asDoctor(config, session, wanted) {
  const request = effective(wanted);
  const { kind, method, mode, redirect } = request;
  const isPlainImage = mode === "no-cors" && (kind === "image" || kind === "canvas");
  const credentials = isPlainImage ? "include" : request.credentials;
  // `XMLHttpRequest` drops a body where `fetch()` throws.
  const body = kind === "fetch" || !/^(get|head)$/i.test(method) ? request.body : null;
  // Scripts can't set this one, and the doctor wants cookies said in another way.
  const headers = request.headers.filter(([name]) => name.toLowerCase() !== "cookie");
  if (body?.type === "form" && !hasContentType(headers)) headers.push(["content-type", BODY_TYPES.form.browser]);
  return [
    `cors-doctor check ${word(hrefOf(config, session, request))}`,
    `--origin ${word(originOf(config, request))}`,
    ...(method === "GET" && body === null ? [] : [option("-X", "--request", method)]),
    ...headers.map((pair) => option("-H", "--header", pair.join(": ").trim())),
    ...(credentials === "same-origin" ? [] : [credentials === "include" ? "--credentials" : "--credentials=omit"]),
    ...(mode === "cors" ? [] : [`--mode ${mode}`]),
    ...(redirect === "follow" ? [] : [`--redirect ${redirect}`]),
    ...(body === null ? [] : [option("-d", "--data", sentText(body))]),
  ].join(" ");
}

/**
 * An option with its value. One that begins like an option itself must be joined to it.
 *
 * @param {string} short
 * @param {string} long
 * @param {string} value
 */
function option(short, long, value) {
  return value.startsWith("-") || value === "" ? `${long}=${word(value)}` : `${short} ${word(value)}`;
}

/**
 * One word for a shell, in quotes only where it needs them; to zsh, `=` can begin the name of a command.
 *
 * @param {string} text
 */
function word(text) {
  return /^[\w./:@%+,-]+$/.test(text) ? text : quoted(text);
}

/**
 * @param {NonNullable<LabRequest["body"]>} body
 * @returns {string} as it is sent
 */
function sentText({ type, text }) {
  return type === "form" ? new URLSearchParams(text).toString() : text;
}

/**
 * Whether `fetch()` throws before anything is sent: for a body where there can't be one, or for what is not a header.
 *
 * @param {LabRequest} request
 */
function callThrows({ kind, method, headers, body }) {
  return (kind === "fetch" && body !== null && /^(get|head)$/i.test(method)) || !headers.every(isHeader);
}

/**
 * Whether a browser accepts it, and so whether curl may be given it: curl reads `-H @name` from a file, and sends line breaks
 * as they are. Scripts can set only characters of Latin-1.
 *
 * @param {[string, string]} pair
 */
function isHeader([name, value]) {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && !/[\0\r\n]|[^\0-\xff]/.test(value.trim());
}

/** @param {HeaderList} headers */
function hasContentType(headers) {
  return headers.some(([name]) => name.toLowerCase() === "content-type");
}

/**
 * @param {string} url
 * @param {...string} parts
 */
function curl(url, ...parts) {
  // Brackets and braces in a URL mean a range or a list to curl, unless it is told otherwise.
  const glob = /[[\]{}]/.test(url) ? ["-g"] : [];
  const isWord = (/** @type {string} */ part) => /^-(i|I|g|X .*)$/.test(part);
  const all = [...glob, ...parts];
  const words = ["curl", ...all.filter(isWord)].join(" ");
  return [words, ...all.filter((part) => !isWord(part)), quoted(url)].join(" \\\n  ");
}

/**
 * @param {[string, string]} pair
 */
function header([name, value]) {
  // curl takes a header without a value for one to leave out, unless a semicolon stands in for the colon.
  return `-H ${quoted(value.trim() === "" ? `${name};` : `${name}: ${value}`)}`;
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
 * @param {Config} config
 * @param {string} session
 * @param {LabRequest} request
 * @returns {string} as a browser sends it
 */
function hrefOf(config, session, request) {
  return new URL(urlOf(config, session, request, null)).href;
}
