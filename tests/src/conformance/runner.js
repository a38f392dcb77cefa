// Plays the plan that the server holds: opens a frame for each page, plays the vectors, and reports each.
"use strict";

const waiting = new Map();
const readiness = new Map();
addEventListener("message", ({ data, source }) => {
  if (data.ready) readiness.get(source)?.();
  waiting.get(data.id)?.(data.outcome);
});

function open({ url, srcdoc }) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    if (srcdoc) {
      frame.sandbox = "allow-scripts";
      frame.srcdoc = srcdoc;
    } else {
      frame.src = url;
    }
    document.body.append(frame);
    readiness.set(frame.contentWindow, () => resolve(frame.contentWindow));
  });
}

let asked = 0;
function ask(frame, request) {
  return new Promise((resolve) => {
    const id = ++asked;
    waiting.set(id, resolve);
    frame.postMessage({ id, request }, "*");
  });
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// The error marks where the vector's lines begin in the console.
async function play(vector, frames) {
  const outcomes = [];
  for (const [index, { page, after, request }] of vector.fetches.entries()) {
    if (after > 0) await sleep(after);
    // The server responds by the script of one fetch at a time.
    if (index > 0) await fetch(`/at/${vector.id}/${index}`);
    reportError(new Error(`conformance vector ${vector.id} `));
    outcomes.push(page === null ? await perform(request) : await ask(frames[page], request));
  }
  await fetch(`/report/${vector.id}`, { method: "POST", body: JSON.stringify(outcomes) });
}

async function lane(vectors, frames) {
  for (let vector = vectors.shift(); vector; vector = vectors.shift()) await play(vector, frames);
}

addEventListener("load", async () => {
  const plan = await (await fetch("/plan")).json();
  const frames = await Promise.all(plan.frames.map(open));
  for (const { lanes, vectors } of plan.stages) {
    await Promise.all(Array.from({ length: lanes }, () => lane(vectors, frames)));
  }
  // An engine that prints its console to a file does so in blocks, and this completes the last one.
  console.log(" ".repeat(20_000));
  await fetch("/done", { method: "POST" });
});
