"use strict";
// What is more convenient with a script than without one: zoom and pan, search, Escape, the path of a box.
// Text of the page is only ever read and set as text.
const sections = [...document.querySelectorAll("section")];
const shown = () => sections.find((each) => getComputedStyle(each).display !== "none") || sections[0];
const tools = document.getElementById("tools");
const BOX = 'g.node:not([class="node"])'; // the lines of a caption have no class of their own
const told = document.createElement("output");

function make(name, label, attributes, act) {
  const made = document.createElement(name);
  made.setAttribute("aria-label", label);
  made.title = label;
  Object.assign(made, attributes);
  made.addEventListener(name === "input" ? "input" : "click", act);
  tools.append(made);
  return made;
}

// ---- zoom and pan: the part of the picture that its frame shows
const frames = new Map();

function frame(svg) {
  if (!frames.has(svg)) {
    const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
    frames.set(svg, { x, y, w, h, wide: w, high: h });
  }
  return frames.get(svg);
}

function place(svg, x, y, w) {
  const seen = frame(svg);
  seen.w = Math.min(seen.wide, Math.max(seen.wide / 20, w));
  seen.h = (seen.w * seen.high) / seen.wide;
  seen.x = Math.min(seen.wide - seen.w, Math.max(0, x));
  seen.y = Math.min(seen.high - seen.h, Math.max(0, y));
  svg.setAttribute("viewBox", `${seen.x} ${seen.y} ${seen.w} ${seen.h}`);
  svg.classList.toggle("near", seen.w < seen.wide);
}

function zoom(svg, times, across = 0.5, down = 0.5) {
  const seen = frame(svg);
  const w = Math.min(seen.wide, Math.max(seen.wide / 20, seen.w / times));
  const part = 1 - w / seen.w;
  place(svg, seen.x + seen.w * across * part, seen.y + seen.h * down * part, w);
}

function dragged(svg) {
  let from = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && svg.classList.contains("near")) from = { x: event.clientX, y: event.clientY, far: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    if (!from.far && Math.hypot(dx, dy) < 5) return;
    if (!from.far) svg.setPointerCapture(event.pointerId);
    const seen = frame(svg);
    const scale = seen.w / svg.clientWidth;
    place(svg, seen.x - dx * scale, seen.y - dy * scale, seen.w);
    from = { x: event.clientX, y: event.clientY, far: true };
  });
  const stop = (event) => {
    if (from && from.far) svg.addEventListener("click", (click) => click.preventDefault(), { once: true, capture: true });
    from = null;
  };
  svg.addEventListener("pointerup", stop);
  svg.addEventListener("pointercancel", () => (from = null));
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the wheel alone moves the page
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width;
    zoom(svg, Math.exp(-event.deltaY / 300), across, (event.clientY - box.top) / box.height);
  }, { passive: false });
}

// ---- search: boxes and titles that have the words
let found = [];
let next = 0;

function search() {
  for (const each of found) each.classList.remove("found");
  const words = find.value.trim().toLowerCase();
  const parts = document.querySelectorAll(`section:not(#all) ${BOX}, section:not(#all) g.cluster.block`);
  found = words ? [...parts].filter((each) => whole(each).includes(words)) : [];
  for (const each of found) each.classList.add("found");
  next = 0;
  told.value = words ? `${found.length} found${found.length ? ", Enter goes to the next" : ""}` : "";
}

function whole(part) {
  const texts = [...part.querySelectorAll("text")].map((each) => each.textContent).join(" ");
  const tip = part.querySelector("a");
  return `${texts} ${tip ? tip.getAttribute("xlink:title") : ""} ${path(part)}`.toLowerCase();
}

function step() {
  if (!found.length) return;
  const part = found[next % found.length];
  next += 1;
  location.hash = part.closest("section").id;
  told.value = `${((next - 1) % found.length) + 1} of ${found.length}: ${path(part)}`;
  requestAnimationFrame(() => {
    part.scrollIntoView({ block: "center", inline: "center" });
    find.focus({ preventScroll: true });
  });
}

// ---- the path of a box, as the spec has it
function path(part) {
  const plain = part.id.replace(/^(v\d+\.p\d+|s\d+)\./, "").replace(/^cluster\./, "");
  return plain.replace(/_([0-9a-f]+)_/g, (_, code) => String.fromCodePoint(parseInt(code, 16)));
}

document.addEventListener("click", (event) => {
  const part = event.target.closest(BOX);
  const link = event.target.closest("a");
  if (!part || (link && link.hasAttribute("xlink:href"))) return;
  const name = path(part);
  told.value = name;
  if (navigator.clipboard) navigator.clipboard.writeText(name).then(() => (told.value = `${name}: copied`), () => {});
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === find) step();
  if (event.key !== "Escape") return;
  if (event.target === find && find.value) {
    find.value = "";
    search();
  } else if (shown().dataset.up) location.hash = shown().dataset.up;
});

const find = make("input", "search", { type: "search", placeholder: "search", id: "search" }, search);
for (const [sign, label, times] of [["−", "smaller", 1 / 1.4], ["+", "larger", 1.4], ["1:1", "whole", 0]]) {
  make("button", label, { type: "button", textContent: sign }, () => zoom(shown().querySelector("svg"), times || 1e-9));
}
tools.append(told);
for (const svg of document.querySelectorAll("section svg")) dragged(svg);
