// The view of the idea: the form kept as it is typed, what is missing, what it will take, and the way to begin.

import { door, Problem } from "/web/api.js";
import { bodyOf, draftOf, keep, load, saysSomething } from "/web/draft.js";
import { by, el, show } from "/web/dom.js";
import { fill, lead, read } from "/web/form.js";
import { gapsOf } from "/web/gaps.js";
import { forgetOutlook, lookAhead } from "/web/outlook.js";
import { trouble } from "/web/trouble.js";

const MOST_GAPS = 6;
// The fields of the service's own words that have another name here.
const FIELDS = { primaryProduct: "product", targetMarket: "people", startDate: "start", goals: "goal-1", team: "role-1", idea: "name" };

let draft = load();

function saved(...words) {
  by("saved").replaceChildren(...words);
}

function gaps() {
  const missing = saysSomething(draft) ? gapsOf(draft) : [];
  const shown = missing.slice(0, MOST_GAPS).map(({ field, what, why }) =>
    el("li", {}, el("button", { type: "button", class: "plain", "data-lead": field }, what), el("span", { class: "soft small" }, `for ${why}`)));
  const rest = missing.length - shown.length;
  if (!saysSomething(draft)) return show(by("gaps"), el("p", { class: "soft small" }, "Nothing yet. One sentence is enough to begin."));
  if (!shown.length) return show(by("gaps"), el("p", { class: "small" }, "Nothing is missing for this document."));
  show(by("gaps"), el("ul", {}, shown), el("p", { class: "soft small" }, rest > 0 && `And ${rest} more. `, "You can begin without: what is missing is assumed, marked, and asked for at the end."));
}

function changed() {
  draft = read();
  saved(keep(draft) ? "Saved in this browser." : "This browser keeps nothing: the form is lost when you close it.");
  by("seconds-field").hidden = draft.kind !== "pitch";
  by("begin").disabled = !saysSomething(draft);
  gaps();
  lookAhead(draft, by("outlook"));
}

// Puts another draft into the form; what stood there can be had back.
export function takeUp(other, words) {
  const before = draft;
  fill(other);
  changed();
  if (saysSomething(before) && JSON.stringify(before) !== JSON.stringify(draft)) {
    saved(words, " ", el("button", { type: "button", class: "plain", onclick: () => takeUp(before, "As it was before.") }, "Undo"));
  }
}

// Leads to the field that is wrong, if the service named one.
function leadTo(problem) {
  const place = Array.isArray(problem.body?.detail) ? problem.body.detail[0].loc.slice(1) : [];
  const field = place.map((name) => FIELDS[name] ?? name).findLast((name) => by(String(name)));
  if (field) lead(field);
}

// *begin* is given the kind, the body and the draft; it resolves when the run has begun.
export function mountIdea(begin) {
  const start = async () => {
    show(by("begin-trouble"));
    door.isDeclined = false;
    by("begin").disabled = true;
    by("begin").textContent = "Beginning…";
    try {
      await begin(draft.kind, bodyOf(draft), draft);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      show(by("begin-trouble"), trouble(problem instanceof Problem ? problem : new Problem(0, String(problem)), problem.retryAfter && { name: "Try again", run: start }));
      if (problem.status === 422) leadTo(problem);
    } finally {
      by("begin").textContent = "Write it";
      by("begin").disabled = !saysSomething(draft);
    }
  };
  by("idea").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!by("begin").disabled) start();
  });
  by("idea").addEventListener("input", changed);
  by("gaps").addEventListener("click", (event) => event.target.dataset.lead && lead(event.target.dataset.lead));
  by("clear").addEventListener("click", () => {
    takeUp(draftOf({ kind: draft.kind }), "The form is empty.");
    by("name").focus();
  });
  by("examples").addEventListener("click", async (event) => {
    const { example } = event.target.dataset;
    if (!example) return;
    try {
      const found = (await (await fetch("/web/examples.json")).json())[example];
      takeUp(draftOf({ kind: draft.kind, ...found }), "The example is in the form.");
    } catch {
      saved("The examples cannot be loaded: the service cannot be reached.");
    }
  });
  fill(draft);
  changed();
}

// The view is shown again: what is left of the day may have changed.
export function refreshIdea() {
  forgetOutlook();
  lookAhead(draft, by("outlook"));
}
