// The contents of a document: each section with how it stands, and the way to it.

import { el, show } from "/web/dom.js";

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);
const WORDS = { done: "written", now: "being written", open: "not written yet", noted: "written, a check has something to say" };

const isRightToLeft = (language) => RIGHT_TO_LEFT.has(language.split("-")[0]);

function standOf(state, section, errors) {
  if (state.sections[section.id]) return errors.has(section.id) ? "noted" : "done";
  return state.stage?.section === section.id ? "now" : "open";
}

export function showContents(place, state, findings) {
  const errors = new Set(findings.filter((one) => one.severity === "error").map((one) => one.section));
  const items = (state.outline?.sections ?? []).map((section) => {
    const stand = standOf(state, section, errors);
    const title = state.sections[section.id] ? el("a", { href: `#part-${section.id}`, dir: "auto" }, section.title) : el("span", { class: "soft", dir: "auto" }, section.title);
    return el("li", { class: stand }, title, el("span", { class: "unseen" }, ` (${WORDS[stand]})`));
  });
  show(place, el("ol", { dir: isRightToLeft(state.outline?.language ?? "en") ? "rtl" : "ltr" }, items));
}
