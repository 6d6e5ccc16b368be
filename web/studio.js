// The studio: which of its two views is shown, the idea or a run, and how one leads to the other.

import { banner } from "/web/banner.js";
import { bodyOf } from "/web/draft.js";
import { by } from "/web/dom.js";
import { lead } from "/web/form.js";
import { ofRun, put } from "/web/history.js";
import { mountIdea, refreshIdea, takeUp } from "/web/idea.js";
import { Reading } from "/web/reading.js";
import { Run } from "/web/run.js";
import { showShelf } from "/web/shelf.js";

const BANNER_MS = 400;

let reading = null;

const runHere = () => new URLSearchParams(location.search).get("run") ?? "";

function showIdea() {
  reading?.leave();
  reading = null;
  by("run-view").hidden = true;
  by("run-view").replaceChildren();
  by("idea-view").hidden = by("banner").hidden = false;
  refreshIdea();
  return showShelf();
}

function showRun(run, entry) {
  reading?.leave();
  by("idea-view").hidden = by("banner").hidden = true;
  by("run-view").hidden = false;
  reading = new Reading(by("run-view"), entry, run, {
    back: () => go("/"),
    anew: (own) => begin(own.kind, bodyOf(own.draft), own.draft, { anew: true }),
    moved: (id) => history.replaceState(null, "", `/?run=${id}`),
    async answer(draft, field) {
      await go("/");
      takeUp(draft, "The idea of that document is in the form.");
      lead(field);
    },
  });
}

// Shows what the address names.
async function route() {
  const id = runHere();
  if (!id) return showIdea();
  if (reading?.run.id === id) return;
  const run = new Run(id);
  showRun(run, await ofRun(id));
  run.follow();
}

async function go(address) {
  history.pushState(null, "", address);
  scrollTo(0, 0);
  await route();
}

async function begin(kind, body, draft, options) {
  const run = await Run.begin(kind, body, options);
  const known = await ofRun(run.id);
  const entry = known ?? { id: run.id, kind, venture: draft.name.trim(), draft, versions: [], written: 0, of: 0 };
  const own = await put({ ...entry, at: Date.now(), run: run.id, status: "running" });
  history.pushState(null, "", `/?run=${run.id}`);
  scrollTo(0, 0);
  showRun(run, own);
}

by("history").addEventListener("click", (event) => {
  const link = event.target.closest("[data-run]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
addEventListener("popstate", route);
mountIdea(begin);
// The first thing that is shown is the whole: with the banner above it, as far as that comes in time.
await Promise.race([banner(by("banner")), new Promise((resolve) => setTimeout(resolve, BANNER_MS))]);
by("loading").remove();
await route();
