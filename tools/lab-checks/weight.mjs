// node weight.mjs <page-url>: what the first paint waits for, and all that is transferred before the page can be used, with
// headers, stay small.

import { launch } from "./lab.mjs";

/** Bytes of HTML and CSS. The modules come after the first paint. */
const FIRST_PAINT = 25_000;
/** Bytes of all until the page can be used. */
const READY = 130_000;

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: node weight.mjs <page-url>");

const browser = await launch();
const context = await browser.newContext();
const page = await context.newPage();
const network = await context.newCDPSession(page);
await network.send("Network.enable");
/** @type {Map<string, {url: string, type: string}>} */
const started = new Map();
/** @type {{url: string, type: string, bytes: number}[]} */
const loaded = [];
network.on("Network.requestWillBeSent", ({ requestId, request, type }) => {
  started.set(requestId, { url: request.url, type: type ?? "Other" });
});
network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
  const of = started.get(requestId);
  if (of !== undefined) loaded.push({ ...of, bytes: encodedDataLength });
});
await page.goto(url);
await page.waitForSelector("html[data-ready=true]");
await page.waitForLoadState("networkidle");
await browser.close();

const sum = (/** @type {typeof loaded} */ list) => list.reduce((total, { bytes }) => total + bytes, 0);
const isLesson = (/** @type {{url: string}} */ { url: of }) => of.endsWith("/lessons.json");
const first = loaded.filter(({ type }) => type === "Document" || type === "Stylesheet");
// The page can be used before the list of lessons arrives.
const ready = loaded.filter((one) => !isLesson(one));
for (const { url: of, bytes } of loaded) console.log(`${String(bytes).padStart(8)}  ${new URL(of).pathname}`);
console.log(`HTML and CSS, which the first paint waits for: ${sum(first)} bytes`);
console.log(
  `all until the page can be used: ${sum(ready)} bytes in ${ready.length} responses; with the lessons ${sum(loaded)}`,
);
if (first.length < 2 || sum(first) > FIRST_PAINT || sum(ready) > READY) {
  console.error(
    `more than ${FIRST_PAINT} bytes before the first paint, or more than ${READY} until the page can be used`,
  );
  process.exit(1);
}
