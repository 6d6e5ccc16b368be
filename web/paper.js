// The document on the page: its sections put in order as they come, each with who wrote it and what can be done with it.

import { el, show } from "/web/dom.js";
import { elementsOf } from "/web/rendered.js";
import { labelOf } from "/web/standing.js";

const AUTHORS = { code: "computed", founder: "your own words", embedded: "draft of the embedded model", model: "" };
const SUMMARY = "summary";

export class Paper {
  // *place* is the article; *actions* has edit(id) and rewrite(id).
  constructor(place, actions) {
    this.place = place;
    this.actions = actions;
    this.order = [];
    this.parts = new Map(); // id: { element, section }, without a section while it is written
    this.ready = false; // whether sections can be changed
    this.head = place.appendChild(el("header", { class: "paper-head" }));
    this.body = place.appendChild(el("div"));
    this.foot = place.appendChild(el("div"));
  }

  // What the document will be made of.
  outline(outline) {
    this.order = outline.sections.map((section) => section.id);
    const draft = outline.is_draft && el("p", { class: "draft" }, "Draft");
    show(this.head, draft, el("p", { class: "venture", dir: "auto" }, outline.venture), el("p", { class: "subtitle soft", dir: "auto" }, outline.subtitle),
      outline.notices.map((notice) => el("p", { class: notice.trim() ? "notice small" : "notice small blank", dir: "auto" }, notice)));
    const summary = outline.sections.find((section) => section.id === SUMMARY && section.is_written);
    if (summary && !this.parts.has(SUMMARY)) this.#put(SUMMARY, this.#pending(summary.title, "Written last, from what the sections below say."));
  }

  // The section that is being written, at the end of what there is.
  now(stage) {
    const id = stage?.section;
    if (!id || this.parts.has(id)) return;
    this.#put(id, this.#pending(stage.title, ""));
  }

  // Nothing is being written any more.
  still() {
    for (const [id, part] of this.parts) if (!part.section && id !== SUMMARY) this.#drop(id);
    this.parts.get(SUMMARY)?.element.classList.remove("now");
  }

  // A section is there, or there anew.
  section(section) {
    const before = this.parts.get(section.id);
    if (before?.section && isSame(before.section, section)) return;
    const element = el("div", { class: "part", id: `part-${section.id}`, tabindex: "-1" }, elementsOf(section.html), this.#tools(section));
    this.#put(section.id, element, section);
  }

  // The rest of a finished document: what is missing, and the sources.
  end(rest) {
    this.foot.replaceChildren(...rest);
  }

  part(id) {
    return this.parts.get(id)?.element ?? null;
  }

  allow(ready) {
    this.ready = ready;
    for (const button of this.body.querySelectorAll(".tools button")) button.hidden = !ready;
  }

  #tools(section) {
    const name = section.title;
    const button = (words, run) => el("button", { type: "button", class: "plain small", hidden: !this.ready, "aria-label": `${words}: ${name}`, onclick: () => run(section.id) }, words);
    return el("div", { class: "tools" }, el("span", { class: "soft small" }, metaOf(section)),
      el("span", { class: "acts" }, button("Edit", this.actions.edit), section.canRewrite && button("Rewrite", this.actions.rewrite)));
  }

  #pending(title, words) {
    const lines = Array.from({ length: 5 }, () => el("span", { class: "line" }));
    return el("div", { class: "part pending now", "aria-hidden": "true" }, el("h2", { dir: "auto" }, title), words && el("p", { class: "soft small" }, words), el("div", { class: "lines-to-come" }, lines));
  }

  #put(id, element, section = null) {
    const before = this.parts.get(id);
    this.parts.set(id, { element, section });
    if (before) return before.element.replaceWith(element);
    const place = this.order.indexOf(id);
    const next = this.order.slice(place + 1).map((other) => this.parts.get(other)).find(Boolean);
    if (next) next.element.before(element);
    else this.body.append(element);
  }

  #drop(id) {
    this.parts.get(id).element.remove();
    this.parts.delete(id);
  }
}

const isSame = (one, other) => one.html === other.html && one.canRewrite === other.canRewrite && metaOf(one) === metaOf(other);

// Who wrote a section, and whether just now.
export function metaOf(section) {
  if (section.author !== "model") return AUTHORS[section.author] ?? "";
  const who = section.model ? `${labelOf(section.provider)} · ${section.model.split("/").at(-1)}` : "a language model";
  const when = section.kept ? "kept from before" : "";
  return [who, when, section.words ? `${section.words} words` : ""].filter(Boolean).join(" · ");
}
