// The view of a run: the document as it comes, and when it is finished all that can be read, changed and taken along.

import { call, json, Problem } from "/web/api.js";
import { edit, rewrite } from "/web/changing.js";
import { point, showChecks, showScore } from "/web/checks.js";
import { showContents } from "/web/contents.js";
import { by, el, show } from "/web/dom.js";
import { showFigures, showQuestions } from "/web/figures.js";
import { files } from "/web/files.js";
import { get, put } from "/web/history.js";
import { listen } from "/web/listen.js";
import { Paper } from "/web/paper.js";
import { focusTitle, Progress } from "/web/progress.js";
import { takenApart } from "/web/rendered.js";
import { findingsOf, isOver } from "/web/run-state.js";
import { Run } from "/web/run.js";
import { lineOf } from "/web/sayings.js";
import { KINDS } from "/web/shelf.js";
import { openSource, setSources, showSources } from "/web/sources.js";
import { labelOf, standing } from "/web/standing.js";
import { tabs } from "/web/tabs.js";
import { trouble } from "/web/trouble.js";
import { compare, marked, proseOf, showVersions } from "/web/versions.js";

const TABS = { log: "Log", checks: "Checks", sources: "Sources", figures: "Figures", versions: "Versions" };

export class Reading {
  // *entry* is that of the history, or null for a run of somebody else's; *acts* has back, answer and begun.
  constructor(place, entry, run, acts) {
    Object.assign(this, { place, entry, run, acts, finished: null, state: run.state, changing: Promise.resolve() });
    place.replaceChildren();
    this.progress = new Progress(place, { stop: () => this.#stop(), goOn: () => this.#goOn(), anew: () => this.#anew(), back: acts.back });
    this.progress.listen();
    this.progress.title.textContent = entry ? KINDS[entry.kind] : "Document";
    this.trouble = place.appendChild(el("div", { class: "run-trouble" }));
    this.contents = el("div");
    const folded = el("details", { open: matchMedia("(min-width: 76rem)").matches }, el("summary", {}, "Contents"), this.contents);
    this.taking = el("section", { class: "taking", "aria-label": "Take it along", hidden: true });
    this.article = el("article", { class: "paper", "aria-labelledby": "run-title" });
    this.tabs = tabs(TABS, "About this document");
    this.score = el("div");
    this.findings = el("div");
    this.questions = el("div");
    this.facts = el("div");
    this.tabs.panel("checks").append(this.score, this.findings);
    this.tabs.panel("figures").append(this.questions, this.facts);
    place.append(el("div", { class: "reading" }, el("nav", { class: "contents", "aria-label": "Contents" }, folded), this.taking, this.article, el("aside", { class: "panel card", "aria-label": "About this document" }, this.tabs.element)));
    this.paper = new Paper(this.article, { edit: (id) => this.#edit(id), rewrite: (id) => this.#rewrite(id) });
    if (entry?.venture) this.paper.outline({ ...this.#guess(), sections: [] });
    this.article.addEventListener("click", (event) => {
      const mark = event.target.closest("[data-source]");
      if (mark) openSource(mark);
    });
    this.contents.addEventListener("click", (event) => this.#follow(event));
    run.addEventListener("change", () => this.#changed());
    standing.then(() => this.#draw());
    this.#changed();
    focusTitle();
  }

  // The page shows something else; the run goes on.
  leave() {
    this.run.leave();
    document.title = "Trimaran: a plan for your idea";
  }

  // What can be said before the first event.
  #guess() {
    return { venture: this.entry.venture, subtitle: " ", notices: [" "], is_draft: false };
  }

  #changed() {
    const before = this.state;
    this.state = this.run.state;
    this.#draw();
    if (this.run.connection === "gone") return this.#gone();
    if (this.state.status === "done" && !this.finished) this.#load();
    const isPaused = this.state.status === "paused" && before.status === "running";
    if (isPaused && this.state.end.resumes_in_s !== null && this.state.end.resumes_in_s <= 1) this.#goOn();
    const isNews = Object.keys(before.sections).length !== Object.keys(this.state.sections).length || before.status !== this.state.status;
    if (isNews && this.entry) this.#keep({});
  }

  #draw() {
    const { state, run } = this;
    if (state.outline && !this.finished) {
      setSources(state.outline.references);
      this.progress.title.textContent = state.outline.title;
      this.paper.outline(state.outline);
      for (const section of Object.values(state.sections)) this.paper.section(section);
      if (isOver(state)) this.paper.still();
      else this.paper.now(state.stage);
    }
    const findings = this.finished?.document.review.findings ?? findingsOf(state);
    showContents(this.contents, state, findings);
    this.progress.show(state, run.connection);
    document.title = `${this.progress.title.textContent} · Trimaran`;
    show(this.tabs.panel("log"), state.log.length
      ? el("ol", { class: "log small", reversed: true }, state.log.toReversed().map((entry) => lineOf(entry, labelOf)).map(([kind, words]) => el("li", { class: kind, dir: "auto" }, words)))
      : el("p", { class: "small soft" }, "What happens stands here, the latest first."));
    showChecks(this.findings, findings, (id) => this.#titleOf(id), (finding) => this.#point(finding), !isOver(state));
    showScore(this.score, this.finished?.document.review.score ?? state.score);
    const references = this.finished?.document.document.references ?? state.outline?.references ?? [];
    showSources(this.tabs.panel("sources"), references, this.article);
    const facts = this.finished?.document.facts;
    showFigures(this.facts, facts?.facts ?? []);
    showQuestions(this.questions, facts?.questions ?? [], this.entry && ((field) => this.acts.answer(this.entry.draft, field)));
    showVersions(this.tabs.panel("versions"), this.entry?.versions ?? [], this.run.id, (version) => this.#show(version), (version) => this.#compare(version));
    this.tabs.note("checks", findings.length ? String(findings.length) : "");
    this.tabs.note("sources", references.length ? String(references.length) : "");
  }

  #titleOf(id) {
    return this.state.outline?.sections.find((section) => section.id === id)?.title ?? id;
  }

  #follow(event) {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault(); // the address stays that of the run
    point(by(link.hash.slice(1)), "");
  }

  #point(finding) {
    const part = this.paper.part(finding.section);
    if (part) point(part, finding.sentence);
  }

  // --- the finished document

  async #load() {
    try {
      const path = `/runs/${this.run.id}/document`;
      const [document, html] = await Promise.all([json(`${path}?format=json`), call(`${path}?format=html`).then((answer) => answer.text())]);
      await this.#finish({ document, html }, "Written");
    } catch (problem) {
      if (problem.name !== "AbortError") this.trouble.replaceChildren(trouble(problem, { name: "Try again", run: () => this.#load() }));
    }
  }

  // Shows a finished document, and keeps it as a version called *what*.
  async #finish({ document, html }, what, at = Date.now()) {
    this.finished = { document, html };
    this.trouble.replaceChildren();
    this.#put(document.document, html);
    if (this.entry) {
      const known = this.entry.versions.some((version) => version.run === this.run.id);
      const version = { run: this.run.id, at, what, score: document.review.score, document: document.document, whole: document, html };
      await this.#keep({ run: this.run.id, versions: known ? this.entry.versions : [...this.entry.versions, version] });
    }
    this.#draw();
  }

  #put(document, html) {
    const whole = takenApart(html);
    setSources(document.references);
    this.progress.title.textContent = document.title;
    const written = new Set(this.state.outline?.sections.filter((section) => section.is_written).map((section) => section.id));
    const sections = document.sections.map((section) => ({ id: section.id, title: section.title, is_written: section.author === "model" || written.has(section.id) }));
    this.state = { ...this.state, outline: { ...document, sections } };
    this.paper.outline(this.state.outline);
    const live = this.state.sections;
    this.state.sections = Object.fromEntries(document.sections.map((section) => {
      return [section.id, { ...live[section.id], id: section.id, title: section.title, author: section.author, canRewrite: !document.is_draft && sections.find((one) => one.id === section.id).is_written, html: whole.sections[section.id] ?? "" }];
    }));
    for (const section of Object.values(this.state.sections)) this.paper.section(section);
    this.run.state = this.state;
    this.paper.still();
    this.paper.allow(true);
    this.paper.end(whole.rest);
    this.#take(document);
    if (!this.tabs.isChosen) this.tabs.choose("checks");
  }

  #take(document) {
    this.taking.hidden = false;
    const pitch = document.type === "pitch" && document.sections.map(proseOf).join("\n\n");
    this.taking.replaceChildren(el("div", { class: "card" }, files(document.type, this.run.id)),
      ...(pitch ? [listen(pitch, document.language, this.entry ? Number(this.entry.draft.seconds) : 60)] : []));
  }

  // The service does not know the run any more: what the browser kept is shown.
  async #gone() {
    const kept = this.entry?.versions.find((version) => version.run === this.run.id);
    if (kept && !this.finished) {
      this.run.state = { ...this.run.state, status: "done" };
      this.state = this.run.state;
      this.run.connection = "closed";
      await this.#finish({ document: kept.whole, html: kept.html }, kept.what, kept.at);
      return;
    }
    const words = this.run.problem?.status === 401 ? "This document asks for an API key." : "The service does not know this document, or has let go of it: it keeps one for a day or two.";
    const again = this.entry && { name: "Write it again", run: () => this.#anew() };
    this.trouble.replaceChildren(trouble(new Problem(404, words), again));
    this.trouble.nextElementSibling.hidden = true;
  }

  async #keep(changes) {
    const { sections, outline, status } = this.state;
    this.changing = this.changing.then(async () => {
      const latest = (await get(this.entry.id)) ?? this.entry;
      const of = outline?.sections.length ?? latest.of;
      this.entry = await put({ ...latest, status, written: Object.keys(sections).length, of, venture: outline?.venture ?? latest.venture, ...changes });
    });
    await this.changing;
  }

  // --- what is done about it

  async #try(work) {
    try {
      await work();
    } catch (problem) {
      if (problem.name !== "AbortError") this.trouble.replaceChildren(trouble(problem));
    }
  }

  #stop = () => this.#try(() => this.run.stop());
  #goOn = () => this.#try(() => (this.trouble.replaceChildren(), this.run.goOn()));
  #anew = () => this.#try(() => this.acts.anew(this.entry));

  #section(id) {
    return this.finished.document.document.sections.find((section) => section.id === id);
  }

  #edit(id) {
    const section = this.#section(id);
    edit(this.paper.part(id), section, proseOf(section), (markdown) => this.#change(id, { markdown }, `Edited: ${section.title}`));
  }

  #rewrite(id) {
    const section = this.#section(id);
    rewrite(this.paper.part(id), section, (remark) => this.#change(id, { remark }, `Rewritten: ${section.title}`));
  }

  // One section is changed by the service; the outcome is a run of its own.
  async #change(id, change, what) {
    const kind = this.finished.document.document.type;
    const before = this.#section(id);
    const made = await json(`/documents/${kind}/sections/${id}`, { body: { run: this.run.id, ...change } });
    this.state.sections[id] = { ...this.state.sections[id], provider: "", model: "", kept: false, words: 0 };
    await this.#move(made.run, what);
    const now = this.#section(id);
    const note = el("details", { class: "changed small" }, el("summary", {}, "What has changed"), el("p", { class: "diff", dir: "auto" }, marked(proseOf(before), proseOf(now))));
    const stale = made.stale.map((other) => this.#titleOf(other));
    this.paper.part(id).append(note, ...(stale.length ? [el("p", { class: "small soft" }, `“${stale.join("”, “")}” leans on this section. Look whether it still fits.`)] : []));
  }

  // Goes over to another finished run of the same document.
  async #move(run, what) {
    const path = `/runs/${run}/document`;
    const [document, html] = await Promise.all([json(`${path}?format=json`), call(`${path}?format=html`).then((answer) => answer.text())]);
    this.#become(run);
    await this.#finish({ document, html }, what);
  }

  #become(id) {
    this.run.leave();
    const state = { ...this.state, id };
    this.run = new Run(id);
    this.run.state = state;
    this.run.connection = "closed";
    this.acts.moved(id);
  }

  async #show(version) {
    this.#become(version.run);
    await this.#finish({ document: version.whole, html: version.html }, version.what, version.at);
  }

  #compare(version) {
    const names = [version, this.entry.versions.find((other) => other.run === this.run.id)].map((each) => `Version ${this.entry.versions.indexOf(each) + 1}`);
    compare(version, { document: this.finished.document.document }, names);
  }
}
