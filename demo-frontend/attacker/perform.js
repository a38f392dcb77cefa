// Really sends a request, and says all that the page's script was given for it. Whatever is not here, no page can know. The Lab's
// page, the attacker's page and the sandboxed frame run this same file. It is a classic script and not a module, because
// a module is always fetched with CORS, and a sandboxed frame could not load one.

/**
 * @typedef {object} Order
 * @property {string} kind
 * @property {string} path  what the page calls the URL
 * @property {string} url
 * @property {string} method
 * @property {[string, string][]} headers
 * @property {{type: string, text: string} | null} body
 * @property {RequestCredentials} credentials
 * @property {RequestMode} mode
 * @property {RequestRedirect} redirect
 */

/**
 * What the page's script was given.
 *
 * @typedef {object} Observation
 * @property {boolean} allowed
 * @property {string} type     of the response, as `Response.type` names it; "" where a script is told none
 * @property {number | null} status
 * @property {[string, string][]} headers
 * @property {string} body
 * @property {{name: string, message: string} | null} error
 */

/** A server written by hand may take five seconds for the preflight, and as long for the request. */
const PERFORM_PATIENCE_MS = 12_000;
const PERFORM_MAX_BODY = 4000;
/** How long a body may take: one that never ends is shown as far as it came. */
const PERFORM_BODY_PATIENCE_MS = 2000;

/**
 * @param {Order} order
 * @param {HTMLElement} stage where what can be seen is put: an image, a canvas, a text in the font
 * @returns {Promise<Observation>}
 */
// biome-ignore lint/correctness/noUnusedVariables: the pages' own scripts call it
async function perform(order, stage) {
  /** @type {Record<string, (order: Order, stage: HTMLElement) => Promise<Partial<Observation>>>} */
  const kinds = {
    fetch: performFetch,
    xhr: performXhr,
    font: performFont,
    image: performImage,
    "image-cors": performImage,
    canvas: performCanvas,
    module: performModule,
    events: performEvents,
  };
  const nothing = { allowed: false, type: "", status: null, headers: [], body: "", error: null };
  try {
    return { ...nothing, allowed: true, ...(await kinds[order.kind](order, stage)) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    return { ...nothing, error: { name, message } };
  }
}

/**
 * @param {Order} order
 * @returns {URLSearchParams | string | null}
 */
function performBody({ body }) {
  return body?.type === "form" ? new URLSearchParams(body.text) : (body?.text ?? null);
}

/** @param {Order} order */
async function performFetch(order) {
  const { method, headers, credentials, mode, redirect } = order;
  const signal = AbortSignal.timeout(PERFORM_PATIENCE_MS);
  const init = { method, headers, body: performBody(order), credentials, mode, redirect, signal };
  const response = await fetch(order.url, init);
  const body = await performStartOf(response);
  return { type: response.type, status: response.status, headers: [...response.headers], body };
}

/**
 * The start of a body, which may be endless.
 *
 * @param {Response} response
 */
async function performStartOf(response) {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const cancel = () => void reader.cancel().catch(() => {});
  const patience = setTimeout(cancel, PERFORM_BODY_PATIENCE_MS);
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < PERFORM_MAX_BODY) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(patience);
    cancel();
  }
  return text.slice(0, PERFORM_MAX_BODY);
}

/**
 * @param {Order} order
 * @returns {Promise<Partial<Observation>>}
 */
function performXhr(order) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(order.method, order.url);
    xhr.withCredentials = order.credentials === "include";
    xhr.timeout = PERFORM_PATIENCE_MS;
    for (const [name, value] of order.headers) xhr.setRequestHeader(name, value);
    xhr.onload = () => {
      const lines = xhr.getAllResponseHeaders().trim().split(/\r\n/);
      /** @type {[string, string][]} */
      const pairs = lines
        .filter((line) => line.includes(": "))
        .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]);
      resolve({ type: "cors", status: xhr.status, headers: pairs, body: xhr.responseText.slice(0, PERFORM_MAX_BODY) });
    };
    xhr.onerror = () => reject(performError("NetworkError", "the error event of XMLHttpRequest, with status 0"));
    xhr.ontimeout = () => reject(performError("TimeoutError", "the timeout event of XMLHttpRequest"));
    xhr.send(performBody(order));
  });
}

/**
 * @param {Order} order
 * @param {HTMLElement} stage
 */
async function performFont({ url }, stage) {
  const family = `lab-${Math.random().toString(36).slice(2)}`;
  const face = new FontFace(family, `url(${JSON.stringify(url)})`);
  await face.load();
  document.fonts.add(face);
  const sample = document.createElement("p");
  sample.className = "font-sample";
  sample.style.fontFamily = `"${family}"`;
  // All the letters there are in the Lab's own font.
  sample.textContent = "CORS";
  stage.append(sample);
  return { body: "The font is loaded; the text is drawn in it." };
}

/**
 * @param {Order} order
 * @param {string | null} crossOrigin
 * @returns {Promise<HTMLImageElement>}
 */
function performLoadImage(order, crossOrigin) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    if (crossOrigin !== null) image.crossOrigin = crossOrigin;
    image.alt = "The picture that the API sent";
    image.onload = () => resolve(image);
    image.onerror = () => reject(performError("Event", "the error event of the image"));
    image.src = order.url;
  });
}

/** @param {Order} order */
function performCrossOrigin({ credentials }) {
  return credentials === "include" ? "use-credentials" : "anonymous";
}

/**
 * @param {Order} order
 * @param {HTMLElement} stage
 */
async function performImage(order, stage) {
  const isPlain = order.kind === "image";
  const image = await performLoadImage(order, isPlain ? null : performCrossOrigin(order));
  stage.append(image);
  return {
    type: isPlain ? "opaque" : "cors",
    body: `The image is shown: ${image.naturalWidth} × ${image.naturalHeight} pixels.`,
  };
}

/**
 * @param {Order} order
 * @param {HTMLElement} stage
 */
async function performCanvas(order, stage) {
  const image = await performLoadImage(order, order.mode === "no-cors" ? null : performCrossOrigin(order));
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth || 1;
  canvas.height = image.naturalHeight || 1;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The picture, drawn on a canvas");
  stage.append(canvas);
  const context = canvas.getContext("2d");
  if (context === null) throw performError("Error", "this browser has no canvas to draw on");
  context.drawImage(image, 0, 0);
  // Throws where the picture came without CORS: the canvas is tainted.
  const { data } = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
  return { type: "cors", body: `The pixel in the middle is rgba(${[...data].join(", ")}).` };
}

/** @param {Order} order */
async function performModule(order) {
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.type = "module";
    script.crossOrigin = performCrossOrigin(order);
    script.onload = resolve;
    script.onerror = () => reject(performError("Event", "the error event of the script element"));
    script.src = order.url;
    document.head.append(script);
  });
  // The element has put it into the module map; this only looks at what it exports, and sends nothing.
  const exported = await import(order.url);
  const shown = Object.entries(exported).map(([name, value]) => `export ${name}: ${JSON.stringify(value) ?? value}`);
  return { type: "cors", body: `The module ran.\n${shown.join("\n")}` };
}

/**
 * @param {Order} order
 * @returns {Promise<Partial<Observation>>}
 */
function performEvents(order) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(order.url, { withCredentials: order.credentials === "include" });
    /** @type {string[]} */
    const heard = [];
    let wasOpen = false;
    const done = () => {
      source.close();
      resolve({ type: "cors", body: heard.join("\n") || "The stream is open; no event came." });
    };
    source.onopen = () => {
      wasOpen = true;
      setTimeout(done, PERFORM_PATIENCE_MS);
    };
    source.onmessage = (event) => heard.push(`message: ${event.data}`);
    // At the stream's end too, where the source would connect again: one run is enough.
    source.onerror = () => {
      if (wasOpen) return done();
      source.close();
      return reject(performError("Event", "the error event of the EventSource"));
    };
  });
}

/**
 * @param {string} name
 * @param {string} message
 */
function performError(name, message) {
  return Object.assign(new Error(message), { name });
}
