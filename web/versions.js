// The versions of a document: what each changed, how two differ, and the way back to an earlier one.

import { diff } from "/web/diff.js";
import { el, show } from "/web/dom.js";

const time = (at) => new Date(at).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const proseOf = (section) => section.blocks.filter((block) => block.block === "prose").map((block) => block.markdown).join("\n\n");
const restOf = (section) => JSON.stringify(section.blocks.filter((block) => block.block !== "prose"));

export const marked = (before, now) => diff(before, now).map(([kind, text]) =>
  kind === "same" ? text : el(kind === "new" ? "ins" : "del", {}, text));

function changes(before, now) {
  const old = new Map(before.sections.map((section) => [section.id, section]));
  return now.sections.flatMap((section) => {
    const was = old.get(section.id);
    const [one, other] = [was ? proseOf(was) : "", proseOf(section)];
    const tables = was && restOf(was) !== restOf(section);
    if (one === other && !tables) return [];
    return [el("section", {}, el("h3", { dir: "auto" }, section.title), one !== other && el("p", { class: "diff", dir: "auto" }, marked(one, other)), tables && el("p", { class: "soft small" }, "Its tables or charts have changed."))];
  });
}

// Opens what differs between two versions.
export function compare(before, now, names) {
  const found = changes(before.document, now.document);
  const dialog = el("dialog", { class: "wide", "aria-labelledby": "compare-title" },
    el("div", { class: "row between" }, el("h2", { id: "compare-title" }, `${names[0]} → ${names[1]}`), el("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    found.length ? found : el("p", { class: "soft" }, "Nothing differs."));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// *open* shows a version, *versus* compares one with the version that is shown.
export function showVersions(place, versions, shown, open, versus) {
  const rows = versions.map((version, index) => {
    const isShown = version.run === shown;
    const act = (words, run) => el("button", { type: "button", class: "plain small", "aria-label": `${words}: version ${index + 1}`, onclick: () => run(version) }, words);
    return el("li", { "aria-current": isShown && "true" }, el("b", {}, `${index + 1}. ${version.what}`), el("span", { class: "soft small" }, [time(version.at), version.score !== undefined && `score ${version.score}`].filter(Boolean).join(" · ")),
      el("span", { class: "row" }, isShown ? el("span", { class: "small soft" }, "shown") : [act("Show", open), act("Compare", versus)]));
  });
  if (!rows.length) return show(place, el("p", { class: "soft small" }, "Each edit makes a version. You can compare them and go back."));
  place.replaceChildren(el("ol", { class: "plain-list versions" }, rows.reverse()));
}
