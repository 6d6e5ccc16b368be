// The figures of a document with where each comes from, and the questions that are open.

import { el, show } from "/web/dom.js";
import { fieldOf } from "/web/gaps.js";

const ORIGINS = { said: "you said so", sourced: "from a source", computed: "computed", assumed: "assumed" };

const number = (text) => Number(text).toLocaleString([], { maximumFractionDigits: 2 });

function value(fact) {
  if (fact.type !== "number") return fact.value;
  const range = fact.low !== null && fact.high !== null ? ` (${number(fact.low)} to ${number(fact.high)})` : "";
  return `${number(fact.value)} ${fact.unit}`.trim() + range;
}

const row = (fact) => el("div", {}, el("dt", { dir: "auto" }, fact.label), el("dd", { dir: "auto" }, value(fact)),
  el("dd", { class: "from" }, el("span", { class: `origin ${fact.origin}` }, ORIGINS[fact.origin]), fact.origin !== "said" && el("span", { class: "soft small", dir: "auto" }, fact.basis)));

export function showFigures(place, facts) {
  if (!facts.length) return show(place, el("p", { class: "soft small" }, "The figures stand here when the document is finished."));
  show(place, el("dl", { class: "facts-list" }, facts.map(row)));
}

// *answer* leads to the field of a question; without one, questions are only listed.
export function showQuestions(place, questions, answer) {
  if (!questions.length) return show(place);
  const item = ({ id, text }) => {
    const field = answer && fieldOf(id);
    return el("li", {}, el("span", { dir: "auto" }, text), field && el("button", { type: "button", class: "plain small", onclick: () => answer(field), "aria-label": `Answer: ${text}` }, "Answer"));
  };
  place.replaceChildren(el("details", { open: questions.length <= 4 }, el("summary", {}, `Data needed: ${questions.length} ${questions.length === 1 ? "question is" : "questions are"} open`),
    el("ul", { class: "plain-list questions" }, questions.map(item))));
}
