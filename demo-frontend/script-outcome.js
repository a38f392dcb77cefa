// Sends a request across origins and keeps all that script is given for it. Whatever is not here, no page can know.

/**
 * @typedef {{kind: "readable", status: number, headers: [string, string][], body: string}} Readable
 * @typedef {{kind: "blocked", name: string, message: string}} Blocked
 * @typedef {Readable | Blocked} Outcome
 */

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Outcome>}
 */
export async function send(url, init) {
  try {
    const response = await fetch(url, init);
    return {
      kind: "readable",
      status: response.status,
      headers: [...response.headers],
      body: await response.text(),
    };
  } catch (error) {
    return error instanceof Error
      ? { kind: "blocked", name: error.name, message: error.message }
      : { kind: "blocked", name: "Error", message: String(error) };
  }
}
