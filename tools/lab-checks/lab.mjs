// Opens the Lab in headless Chromium and brings it, by clicks and typing, into the states that the checks look at.

import { createServer } from "node:http";

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @returns {Promise<import("playwright-core").Browser>} */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

/**
 * Opens the Lab in a new browser context, in which nothing is remembered.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {{width: number, height: number, scheme: "light" | "dark"}} look
 */
export async function openLab(browser, url, { width, height, scheme }) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    // Otherwise the page's own content security policy blocks axe-core.
    bypassCSP: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  await page.waitForSelector("html[data-ready=true]");
  // The list of lessons arrives after what the first screen needs.
  await page.waitForSelector("[data-lesson]", { state: "attached" });
  return page;
}

/**
 * Presses a button that sends the request, and waits for the verdict.
 *
 * @param {import("playwright-core").Page} page
 * @param {"readable" | "opaque" | "blocked"} expected
 */
async function send(page, expected, button = "send") {
  await page.click(`[data-action=${button}]:enabled`);
  await page.waitForSelector(`[data-field=observed][data-verdict=${expected}]`);
  await page.waitForSelector("[data-field=agreement][data-agree=true]");
}

/**
 * A server that isn't the Lab's. It ends with the program.
 *
 * @param {Record<string, string>} headers of all its responses
 * @returns {Promise<string>} its URL
 */
async function ownServer(headers) {
  const server = createServer((_, response) => response.writeHead(200, headers).end("[]"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  server.unref();
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return `http://localhost:${address.port}/items`;
}

/**
 * Opens *Your own API* with a request filled in, and sends it.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} url
 * @param {object} request
 */
async function sendToOwn(page, url, request) {
  const fragment = new URLSearchParams({ url, request: JSON.stringify(request) });
  await page.goto(new URL(`own/#${fragment}`, page.url()).href);
  await page.waitForSelector("html[data-ready=true]");
  await page.click("[data-action=send]:enabled");
  await page.waitForSelector("body[data-sent='1']");
  await page.evaluate(() => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
}

/** @type {Record<string, (page: import("playwright-core").Page) => Promise<void>>} */
export const STATES = {
  async "the first screen"() {},
  async "a blocked verdict"(page) {
    await send(page, "blocked");
  },
  async "an allowed verdict"(page) {
    await send(page, "blocked");
    await page.click("[data-action=apply-fix]");
    await send(page, "readable", "send-again");
  },
  async "a lesson's question"(page) {
    await page.evaluate(() => document.querySelector("[data-part=list]")?.setAttribute("open", ""));
    await page.click("[data-lesson=preflights] [data-action=start-lesson]");
    await page.waitForSelector("body[data-lesson=preflights]");
  },
  async "a lesson's goal"(page) {
    await STATES["a lesson's question"](page);
    await page.click("[data-action=answer-no]");
    await send(page, "blocked");
    await page.click("[data-action=apply-fix]");
    await send(page, "readable", "send-again");
    await page.waitForSelector("[data-field=goal][data-reached=true]");
  },
  async "your own API, blocked"(page) {
    await sendToOwn(page, await ownServer({}), {});
  },
  async "your own API, allowed"(page) {
    await sendToOwn(page, await ownServer({ "access-control-allow-origin": "*", "x-total": "3" }), {});
  },
  async "your own API, not confirmed"(page) {
    await sendToOwn(page, await ownServer({}), { method: "PUT", credentials: "include" });
  },
  async "your own API, refused"(page) {
    await sendToOwn(page, "http://192.168.1.1/", {});
  },
  async "a pasted error"(page) {
    await page.click("[data-action=paste]");
    await page.fill("[name=paste]", "Preflight response is not successful. Status code: 401");
    await page.click("[data-action=read-paste]");
    await page.waitForSelector("[data-room=paste][data-read]");
  },
  async "a pasted text that is not an error"(page) {
    await page.click("[data-action=paste]");
    await page.fill("[name=paste]", "The cat sat on the mat.");
    await page.click("[data-action=read-paste]");
    await page.waitForSelector("#paste-problem:not(:empty)");
  },
};
