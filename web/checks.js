// What the checks say: a score, each finding with its sentence, and the way to where it stands.

import { el, show } from "/web/dom.js";

const MARK = "found"; // the name of the highlight in document.css

function score(value) {
  const kind = value >= 85 ? "good" : value >= 60 ? "warn" : "bad";
  const around = 2 * Math.PI * 16;
  const ring = (name, length) => el("svg:circle", { class: name, cx: 20, cy: 20, r: 16, fill: "none", "stroke-width": 5, "stroke-dasharray": `${length} ${around}`, transform: "rotate(-90 20 20)" });
  return el("div", { class: `score ${kind}` },
    el("svg:svg", { viewBox: "0 0 40 40", "aria-hidden": "true" }, ring("back", around), ring("front", (around * value) / 100)),
    el("p", {}, el("b", { class: "number" }, String(value)), el("span", { class: "soft small" }, " of 100")),
    el("p", { class: "soft small" }, "Readiness, counted by code from the checks below: the same text always has the same score."));
}

export function showScore(place, value) {
  if (value === null || value === undefined) return show(place);
  show(place, score(value));
}

function item(finding, titleOf, jump) {
  const where = titleOf(finding.section);
  const words = finding.sentence && el("q", { dir: "auto" }, finding.sentence);
  return el("li", {}, el("p", { dir: "auto" }, finding.message),
    el("button", { type: "button", class: "plain small", onclick: () => jump(finding) }, words || `Show “${where}”`),
    words && el("span", { class: "soft small" }, where));
}

// *jump* leads to a finding's sentence.
export function showChecks(place, findings, titleOf, jump, isRunning) {
  if (!findings.length) {
    return show(place, el("p", { class: "soft small" }, isRunning ? "Nothing so far. Each section is checked when it is there." : "The checks found nothing to say."));
  }
  const group = (name, severity) => {
    const own = findings.filter((finding) => finding.severity === severity);
    return own.length > 0 && [el("h3", {}, `${name} (${own.length})`), el("ul", { class: `plain-list findings ${severity}` }, own.map((finding) => item(finding, titleOf, jump)))];
  };
  place.replaceChildren(...[group("To be mended", "error"), group("Worth a look", "warning")].flat().filter(Boolean));
}

// Leads to *sentence* inside *part*, and marks it.
export function point(part, sentence) {
  part.scrollIntoView({ block: "start" });
  part.focus({ preventScroll: true });
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete(MARK);
  const range = sentence && rangeOf(part, sentence);
  if (!range) return;
  CSS.highlights.set(MARK, new Highlight(range));
  const box = range.getBoundingClientRect();
  scrollBy({ top: box.top - innerHeight / 3 });
}

// Where *sentence* stands: letters and digits are compared, since marks and spaces differ.
export function rangeOf(part, sentence) {
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest("button") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const places = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    [...node.data].reduce((offset, letter) => {
      if (/[\p{L}\p{N}]/u.test(letter)) {
        text += letter.toLowerCase();
        for (let more = letter.toLowerCase().length; more > 0; more--) places.push([node, offset, letter.length]);
      }
      return offset + letter.length;
    }, 0);
  }
  const wanted = sentence.replace(/\[S\d+\]|…$/g, "").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const at = wanted ? text.indexOf(wanted) : -1;
  if (at < 0) return null;
  const range = document.createRange();
  const [last, offset, length] = places[at + wanted.length - 1];
  range.setStart(places[at][0], places[at][1]);
  range.setEnd(last, offset + length);
  return range;
}
