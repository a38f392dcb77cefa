// Requests to the service itself: JSON out, JSON in, and an error that says what the server said.

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, csrf?: string }} [options]
 * @returns {Promise<any>} what the server responds, or null if that is nothing
 */
export async function send(method, path, { body, csrf } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csrf !== undefined) headers["X-CSRF-Token"] = csrf;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new RequestError(0, "The service does not respond. Is it running?");
  }
  const text = await response.text();
  const said = text === "" ? null : parse(text);
  if (!response.ok) {
    const error = said?.error ?? `The service responded with ${response.status}.`;
    throw new RequestError(response.status, error);
  }
  return said;
}

/** A request that did not succeed. */
export class RequestError extends Error {
  /**
   * @param {number} status 0 if there was no response
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Runs what a form is for, and says next to it what went wrong. While it runs the form can't be sent again.
 *
 * @param {HTMLFormElement} form
 * @param {(data: Record<string, string>) => Promise<string | undefined>} run returns what to say
 */
export function onSubmit(form, run) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button === null || button.disabled) return;
    /** @type {Record<string, string>} */
    const data = {};
    for (const [name, value] of new FormData(form)) data[name] = String(value);
    say(form, "", false);
    button.disabled = true;
    try {
      say(form, (await run(data)) ?? "", false);
    } catch (error) {
      say(form, error instanceof Error ? error.message : String(error), true);
    } finally {
      button.disabled = false;
    }
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 * @param {boolean} isError
 */
function say(form, text, isError) {
  const said = form.querySelector(".said");
  if (said === null) return;
  said.textContent = text;
  said.classList.toggle("bad", isError);
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
