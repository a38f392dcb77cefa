// node axe.mjs <page-url>: axe-core finds nothing to fault, in any state, narrow and wide, light and dark; and nothing is
// wider than the screen.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { launch, openLab, STATES } from "./lab.mjs";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: node axe.mjs <page-url>");

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launch();
const faults = [];
let looks = 0;
let rules = 0;
for (const width of [1280, 360]) {
  for (const scheme of /** @type {const} */ (["light", "dark"])) {
    for (const [state, reach] of Object.entries(STATES)) {
      const page = await openLab(browser, url, { width, height: 800, scheme });
      await reach(page);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
      const where = `${state}, ${width} px, ${scheme}`;
      for (const { id, impact, help, nodes } of violations) {
        const places = nodes.map(
          (/** @type {any} */ node) =>
            `      ${node.target.join(" ")}\n        ${node.failureSummary.split("\n").join("\n        ")}`,
        );
        faults.push(`  ${where}: ${id} (${impact}): ${help}\n${places.join("\n")}`);
      }
      const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      if (needed > given) faults.push(`  ${where}: the page is ${needed} px wide, and scrolls sideways`);
      looks += 1;
      rules = Math.max(rules, passes.length);
      await page.context().close();
    }
  }
}
await browser.close();

if (faults.length > 0) {
  console.error(`axe-core found ${faults.length} faults:\n${faults.join("\n")}`);
  process.exit(1);
}
console.log(`axe-core: no violation in ${looks} looks at the page, by up to ${rules} rules each`);
