// node screenshots.mjs <page-url> <folder>: the README's pictures of the Lab.

import { join } from "node:path";

import { launch, openLab, STATES } from "./lab.mjs";

const [url, folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node screenshots.mjs <page-url> <folder>");

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 360, height: 780 };

/** @type {[string, string, Parameters<typeof openLab>[2]][]} */
const PICTURES = [
  ["lab-first-screen", "the first screen", { ...WIDE, scheme: "light" }],
  ["lab-blocked", "a blocked verdict", { ...WIDE, scheme: "light" }],
  ["lab-allowed", "an allowed verdict", { ...WIDE, scheme: "dark" }],
  ["lab-lesson", "a lesson's question", { ...NARROW, scheme: "light" }],
];

const browser = await launch();
for (const [name, state, look] of PICTURES) {
  const page = await openLab(browser, url, look);
  await STATES[state](page);
  await page.mouse.move(0, 0);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  console.log(path);
  await page.context().close();
}
await browser.close();
