// What the diagram draws, told from where its parts are and not from what they are called.

const svg = document.querySelector("[data-part=diagram] svg");
if (svg === null) return null;
// What arrives moves, and can't be seen at first. Engines differ in when they tell of a motion that is to begin.
const moving = [...svg.querySelectorAll(".message, .leaf")].some((part) => Number(getComputedStyle(part).opacity) < 0.7);
if (moving || document.getAnimations().some(({ playState }) => playState === "running")) return null;

const text = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";
const middle = (element) => {
  const box = element.getBBox();
  return box.x + box.width / 2;
};
// Whether it can be seen at all, by itself and within all that it is in.
const isSeen = (element) => {
  if (!(element.getBoundingClientRect().width + element.getBoundingClientRect().height > 0)) return false;
  for (let at = element; at instanceof Element; at = at.parentElement) {
    const { display, visibility, opacity } = getComputedStyle(at);
    if (display === "none" || visibility !== "visible" || Number(opacity) < 0.5) return false;
  }
  return true;
};
const the = (group, css) => {
  const found = [...group.querySelectorAll(css)].filter(isSeen);
  return found.length === 1 ? found[0] : null;
};

const lines = [...svg.querySelectorAll("path.lane")].filter(isSeen).map(middle);
const lanes = [...svg.querySelectorAll(".lane-head")].map((head) => {
  const x = middle(the(head, ".lane-name"));
  return { x, name: text(the(head, ".lane-name")), below: text(the(head, ".lane-origin")), hasLine: lines.some((line) => Math.abs(line - x) < 2) };
});
const laneAt = (x) => lanes.find((lane) => Math.abs(lane.x - x) < 14)?.name ?? `nowhere (at ${Math.round(x)})`;

const arrow = (message) => {
  const line = the(message, ".arrow")?.getBBox();
  if (line === undefined) return { from: "nothing", to: "nothing", arrives: false };
  const ends = [line.x, line.x + line.width];
  const head = the(message, ".head")?.getBBox();
  if (head !== undefined) {
    // The head lies within the line, at the end that it points to.
    const pointsLeft = Math.abs(head.x - ends[0]) < 1;
    const pointsRight = Math.abs(head.x + head.width - ends[1]) < 1;
    if (pointsLeft === pointsRight) return { from: "nowhere", to: "nowhere", arrives: true };
    const [from, to] = pointsRight ? ends : ends.toReversed();
    return { from: laneAt(from), to: laneAt(to), arrives: true };
  }
  const cross = the(message, ".cross");
  const rest = the(message, ".ghost")?.getBBox();
  if (cross === null || rest === undefined) return { from: "nowhere", to: "nowhere", arrives: false };
  const goesRight = middle(cross) > line.x + line.width / 2;
  return { from: laneAt(ends[goesRight ? 0 : 1]), to: laneAt(goesRight ? rest.x + rest.width : rest.x), arrives: false };
};

const gate = (message) => {
  if (message.querySelector(".gate") === null) return null;
  const leaf = the(message, ".leaf");
  const posts = the(message, ".posts");
  if (leaf === null || posts === null) return { state: "incomplete", lane: "", word: "" };
  const [inner, outer] = [leaf.getBBox(), posts.getBBox()];
  const isAcross = inner.width < 1 && Math.abs(inner.height - outer.height) < 2 && Math.abs(middle(leaf) - middle(posts)) < 1;
  const isAside = inner.width > 8 && inner.x < outer.x;
  const isDotted = getComputedStyle(leaf).strokeDasharray !== "none";
  const state = isAcross ? (isDotted ? "opaque" : "shut") : isAside && !isDotted ? "open" : "neither open nor shut";
  return { state, lane: laneAt(middle(posts)), word: text(the(message, ".gate-label")) };
};

const handler = (message) => {
  if (message.querySelector(".handler") === null) return null;
  const mark = the(message, ".handler circle");
  return { lane: mark === null ? "" : laneAt(middle(mark)), word: text(the(message, ".handler text")) };
};

return {
  lanes,
  caption: text(document.querySelector("[data-room=wire] [data-part=caption]")),
  spoken: svg.getAttribute("aria-label"),
  messages: [...svg.querySelectorAll("[data-message]")].map((message) => ({
    ...arrow(message),
    label: text(the(message, ".label")),
    sub: text(message.querySelector(".sub")),
    gate: gate(message),
    handler: handler(message),
    tone: [...message.classList].find((name) => name.startsWith("tone-")) ?? "",
    spoken: message.getAttribute("aria-label"),
  })),
};
