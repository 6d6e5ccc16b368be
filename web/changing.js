// Changing one section in place: in your own words, or written again with a remark.

import { el, show } from "/web/dom.js";
import { trouble } from "/web/trouble.js";

const REMARKS = ["Shorter.", "Plainer words.", "More concrete: who does what, and when.", "Say more about the people it is for."];

// Shows a form in place of the section, or below it; *save* resolves when the change is made.
function form(part, { replaces, title, fields, words, save }) {
  const section = part.querySelector(".section");
  const close = () => {
    own.remove();
    section.hidden = false;
    part.querySelector(".tools").hidden = false;
    part.focus({ preventScroll: true });
  };
  const button = el("button", { class: "main" }, words);
  const said = el("div", {});
  const submit = async (event) => {
    event?.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    button.classList.add("busy");
    show(said);
    try {
      await save();
      close();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      said.replaceChildren(trouble(problem, problem.retryAfter && { name: "Try again", run: submit }));
    } finally {
      button.disabled = false;
      button.classList.remove("busy");
    }
  };
  const own = el("form", { class: "changing", "aria-label": title, onsubmit: submit }, fields, said,
    el("div", { class: "row" }, button, el("button", { type: "button", onclick: close }, "Cancel")));
  own.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  });
  section.hidden = replaces;
  part.querySelector(".tools").hidden = true;
  section.after(own);
  const first = own.querySelector("textarea, input");
  first.focus({ preventScroll: true });
  first.setSelectionRange?.(0, 0);
  own.scrollIntoView({ block: "nearest" });
}

// *save* is given the new Markdown.
export function edit(part, section, markdown, save) {
  if (part.querySelector(".changing")) return;
  const rows = Math.min(24, Math.max(6, Math.ceil(markdown.length / 75)));
  const text = el("textarea", { id: `edit-${section.id}`, rows: String(rows), maxlength: "20000", dir: "auto", required: true });
  text.value = markdown;
  form(part, {
    replaces: true,
    title: `Edit ${section.title}`,
    fields: el("div", { class: "field" }, el("label", { for: text.id }, section.title, el("span", { class: "hint" }, "Markdown: **bold**, - lists, ### headings. Marks such as [S1] lead to their sources. Tables and charts stay as they are.")), text),
    words: "Save",
    save: () => save(text.value),
  });
}

// *save* is given the remark.
export function rewrite(part, section, save) {
  if (part.querySelector(".changing")) return;
  const remark = el("input", { id: `remark-${section.id}`, maxlength: "2000", dir: "auto", required: true });
  const quick = REMARKS.map((text) => el("button", { type: "button", class: "small", onclick: () => ((remark.value = text), remark.focus()) }, text));
  form(part, {
    replaces: false,
    title: `Rewrite ${section.title}`,
    fields: [el("div", { class: "field" }, el("label", { for: remark.id }, "What should be different?", el("span", { class: "hint" }, "It costs one call. The other sections stay as they are.")), remark), el("div", { class: "row quick" }, quick)],
    words: "Rewrite",
    save: () => save(remark.value),
  });
}
