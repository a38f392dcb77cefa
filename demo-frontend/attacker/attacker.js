// The page of another origin. Framed by the Lab it takes an order, performs it with its own origin, and reports what it
// was given. It takes orders from the page that framed it and from nobody else.

// Referrers name the framing page's origin; the server's `frame-ancestors` lets no other page than the Lab's frame this.
const labOrigin = document.referrer === "" ? null : new URL(document.referrer).origin;
const isFramed = window.parent !== window;

say("origin", self.origin);
say("role", self.origin === "null" ? "A sandboxed frame, anyone’s" : "The attacker’s page");
document.documentElement.dataset.role = self.origin === "null" ? "sandbox" : "attacker";

if (!isFramed) {
  say("status", "In the Lab, choose this page in the field “Sent by”, and it will try to read the notes.");
} else if (labOrigin !== null) {
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== labOrigin || event.data?.lab !== "order") return;
    carryOut(event.data.order, labOrigin);
  });
  window.parent.postMessage({ lab: "ready" }, labOrigin);
}

/**
 * @param {Order} order
 * @param {string} lab
 */
async function carryOut(order, lab) {
  say("status", `Sending ${order.method} ${order.path} …`);
  const stage = document.querySelector("[data-part=stage]");
  if (!(stage instanceof HTMLElement)) return;
  const observation = await perform(order, stage);
  document.documentElement.dataset.outcome = observation.allowed ? "read" : "nothing";
  say("status", observation.allowed ? "I was given:" : "I was given nothing but an error:");
  const { error, body, type } = observation;
  say(
    "loot",
    error ? `${error.name}: ${error.message}` : body || (type === "opaque" ? "an opaque response" : "an empty body"),
  );
  window.parent.postMessage({ lab: "report", observation }, lab);
}

/**
 * @param {string} part
 * @param {string} text
 */
function say(part, text) {
  const target = document.querySelector(`[data-part=${part}]`);
  if (target) target.textContent = text;
}
