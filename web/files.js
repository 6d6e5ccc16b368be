// A finished document as a file: asked for with the visitor's key, and saved under the name that the service gives it.

import { call } from "/web/api.js";
import { el } from "/web/dom.js";
import { trouble } from "/web/trouble.js";

const FORMATS = [["pdf", "PDF"], ["docx", "Word"], ["markdown", "Markdown"], ["json", "JSON"], ["ics", "Calendar"]];
const ENDINGS = { markdown: "md" };
const DATED = new Set(["roadmap", "business_plan", "proposal", "grants"]); // that have days for a calendar

export function saveAs(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function nameOf(answer, format) {
  const [, encoded] = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("content-disposition") || "") || [];
  if (encoded) return decodeURIComponent(encoded);
  const [, plain] = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "") || [];
  return plain || `document.${ENDINGS[format] || format}`;
}

// The row of buttons for a document of *kind* that *run* has written.
export function files(kind, run) {
  const said = el("div", {});
  const save = async (format, button) => {
    button.disabled = true;
    button.classList.add("busy");
    said.replaceChildren();
    try {
      const answer = await call(`/runs/${run}/document?format=${format}`);
      saveAs(await answer.blob(), nameOf(answer, format));
    } catch (problem) {
      const gone = problem.status === 404 && "The service keeps a document for a day or two, and has let go of this one. Write it again to have it as a file.";
      said.replaceChildren(trouble(gone ? { message: gone } : problem));
    } finally {
      button.disabled = false;
      button.classList.remove("busy");
    }
  };
  const buttons = FORMATS.filter(([format]) => format !== "ics" || DATED.has(kind)).map(([format, name]) => {
    const button = el("button", { type: "button", "data-format": format, onclick: () => save(format, button) }, name);
    return button;
  });
  return el("div", { class: "files" }, el("h2", {}, "Download"), el("div", { class: "row" }, buttons), said);
}
