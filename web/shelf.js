// The list of documents that were written in this browser, to open and to delete.

import { by, el, show } from "/web/dom.js";
import { all, persists, put, remove } from "/web/history.js";

export const KINDS = {
  roadmap: "Roadmap", business_plan: "Business plan", proposal: "Grant proposal", grants: "Grants", investors: "Investors and funders", pitch: "Pitch",
};
const STATES = { running: "being written", done: "finished", paused: "paused", stopped: "stopped", failed: "failed" };

const day = (at) => new Date(at).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function row(entry) {
  const how = entry.status === "done" || !entry.of ? STATES[entry.status] : `${STATES[entry.status]}, ${entry.written} of ${entry.of} sections`;
  const versions = entry.versions.length > 1 && `${entry.versions.length} versions`;
  const name = entry.venture || "Without a name";
  return el("li", {},
    el("a", { href: `/?run=${entry.run}`, "data-run": entry.run }, el("b", { dir: "auto" }, name), ` ${KINDS[entry.kind]}`),
    el("span", { class: "soft small" }, [how, versions, day(entry.at)].filter(Boolean).join(" · ")),
    el("button", { type: "button", class: "plain", "data-remove": entry.id, "aria-label": `Delete ${name}, ${KINDS[entry.kind]}` }, "Delete"));
}

let dropped = null;

export async function showShelf() {
  const entries = await all();
  by("shelf").hidden = !entries.length && !dropped;
  const undo = dropped && el("p", { class: "small", role: "status" }, `Deleted “${dropped.venture || "Without a name"}”. `,
    el("button", { type: "button", class: "plain", "data-undo": true }, "Undo"));
  const lost = !(await persists()) && el("p", { class: "small soft" }, "This browser keeps nothing: the list is gone when you close the page.");
  show(by("history"), undo, entries.length > 0 && el("ul", { class: "history" }, entries.map(row)), lost);
}

by("history").addEventListener("click", async (event) => {
  const { remove: id, undo } = event.target.dataset;
  if (id) {
    dropped = (await all()).find((entry) => entry.id === id);
    await remove(id);
    await showShelf();
    by("history").querySelector("[data-undo]").focus();
  } else if (undo !== undefined) {
    await put(dropped);
    dropped = null;
    showShelf();
  }
});
