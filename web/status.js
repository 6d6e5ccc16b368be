// The status page: one small request for each refresh, and one feed of the requests as they end.

import { eventsOf, json, stream } from "/web/api.js";
import { breaking } from "/web/breaking.js";
import { by, clock, el, seconds, show } from "/web/dom.js";
import { trouble } from "/web/trouble.js";

const REFRESH_MS = 5000;
const MOST_ROWS = 100;
const SAVED = ["HIT", "JOINED", "STALE"];

let status = null; // the last answer of /status
let readAt = 0; // when it came, by performance.now()
let rows = []; // the last requests, newest first
let lastId = 0;

function state(model) {
  const waits = model.next_slot_s - (performance.now() - readAt) / 1000;
  const kind = model.state.startsWith("circuit") || model.state === "on hold" ? "bad" : model.state === "ready" ? "good" : "warn";
  if (model.state === "ready" || waits <= 0) return ["good", "ready", ""];
  return [kind, model.state, `${model.reason || model.state}; free in ${seconds(Math.ceil(waits))}`];
}

function quota(quota) {
  const share = quota.limit ? quota.left / quota.limit : 0;
  const about = `${Math.floor(quota.left).toLocaleString()} of ${quota.limit.toLocaleString()} ${quota.unit} left today`;
  return el("div", { class: "quota" },
    el("span", {}, about, quota.learned && el("span", { class: "soft" }, " (as the provider says)")),
    el("span", { class: "soft" }, quota.scope === "account" ? "whole account" : "this model"),
    el("meter", { min: "0", max: "1", low: "0.1", optimum: "1", value: String(share), "aria-label": about }));
}

function model(one) {
  const [kind, word, why] = state(one);
  const record = one.record;
  const rate = record.success_rate_5m === null ? "no calls" : `${Math.round(record.success_rate_5m * 100)} % of ${record.calls_5m}`;
  return el("div", { class: "model" },
    el("div", { class: "head" }, el("code", {}, one.model), el("span", { class: `badge ${kind}` }, word)),
    why && el("div", { class: "small number" }, why),
    one.quotas.map(quota),
    el("dl", { class: "facts small" },
      el("dt", {}, "Answered, last 5 min"), el("dd", {}, rate),
      el("dt", {}, "Time, median and 95 %"), el("dd", {}, `${seconds(record.p50_s)} / ${seconds(record.p95_s)}`),
      el("dt", {}, "Quota is back"), el("dd", {}, new Date(one.resets_at).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" })),
      record.last_error && [el("dt", {}, "Last error"), el("dd", {}, `${record.last_error}, ${clock(record.last_error_at)}`)]));
}

function providers() {
  const groups = Map.groupBy(status.providers, (one) => one.provider);
  if (!groups.size) {
    return el("div", { class: "card empty span-3" }, el("h3", {}, "No provider is configured"),
      el("p", {}, status.last_resort ? "The embedded model drafts. " : "Nobody can answer. ", "A free key takes two minutes: ",
        el("a", { href: "https://aistudio.google.com/app/apikey", rel: "noreferrer" }, "get one for Gemini"), ", put it into .env and restart."));
  }
  return [...groups.values()].map((models) => {
    const ready = models.filter((one) => state(one)[0] === "good").length;
    return el("article", { class: `card provider span-${Math.min(models.length, 3)}`, "aria-label": models[0].label },
      el("h3", {}, models[0].label, el("span", { class: "small soft" }, `${ready} of ${models.length} ready`)), el("div", { class: "models" }, models.map(model)));
  });
}

function tiles() {
  const totals = status.totals;
  const all = Object.values(totals).reduce((sum, count) => sum + count, 0);
  const saved = SAVED.reduce((sum, kind) => sum + (totals[kind] || 0), 0);
  const ready = status.providers.filter((one) => state(one)[0] === "good").length;
  const share = all ? `${Math.round((100 * saved) / all)} %` : "–";
  const tile = (value, words) => el("div", { class: "tile" }, el("b", {}, value), el("span", { class: "small soft" }, words));
  return [tile(`${ready}/${status.providers.length}`, "models ready"), tile(all.toLocaleString(), "requests since the start"),
    tile(share, `from the cache: ${saved.toLocaleString()} calls saved`), tile(String(status.waiting), "waiting for a slot"),
    tile((totals.FAILED || 0).toLocaleString(), "without an answer")];
}

function curve() {
  const now = Math.floor(Date.now() / 60000);
  const minutes = new Map(status.minutes.map((minute) => [minute.minute, minute]));
  const columns = Array.from({ length: 60 }, (_, index) => {
    const minute = minutes.get(now - 59 + index) || {};
    const saved = SAVED.reduce((sum, kind) => sum + (minute[kind] || 0), 0);
    return [minute.MISS || 0, saved, minute.FAILED || 0];
  });
  const most = Math.max(1, ...columns.map((parts) => parts[0] + parts[1] + parts[2]));
  const sum = (index) => columns.reduce((total, parts) => total + parts[index], 0);
  const bars = columns.flatMap((parts, index) => {
    let base = 100;
    return ["answered", "saved", "failed"].map((kind, part) => {
      const height = (95 * parts[part]) / most;
      base -= height;
      return height > 0 && el("svg:rect", { class: kind, x: index * 10 + 1, y: base.toFixed(2), width: 8, height: height.toFixed(2) });
    });
  });
  const about = `${sum(0)} answered by a call, ${sum(1)} from the cache, ${sum(2)} without an answer; at most ${most} in a minute`;
  return [el("svg:svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img", "aria-label": about }, bars.filter(Boolean)),
    el("div", { class: "legend" }, el("span", {}, `by a call: ${sum(0)}`), el("span", { class: "saved" }, `from the cache: ${sum(1)}`),
      el("span", { class: "failed" }, `without an answer: ${sum(2)}`))];
}

function row(one) {
  const hops = one.attempts.map((attempt) =>
    el("span", { class: "hop" }, el("span", { class: attempt.failure ? "bad" : "good" }, attempt.failure ? "✗" : "✓"),
      el("span", {}, attempt.label, el("span", { class: "soft" }, ` ${attempt.model}`, attempt.failure && `: ${attempt.failure}`))));
  const way = hops.length ? hops : el("span", { class: "soft" }, one.cache === "HIT" ? "cache" : one.cache === "JOINED" ? "joined another request" : "nobody was asked");
  const answer = one.outcome === "answered"
    ? el("span", {}, one.model, one.cache !== "MISS" && el("span", { class: "soft" }, ` · ${one.cache.toLowerCase()}`))
    : el("span", { class: "bad" }, one.reason);
  const waited = one.waited_s >= 0.1 && el("span", { class: "soft" }, ` (${seconds(one.waited_s)} waiting)`);
  return el("tr", { class: one.fresh && "new" }, el("td", { class: "number" }, clock(one.at)), el("td", {}, one.name), el("td", { class: "way" }, way),
    el("td", {}, answer), el("td", { class: "number" }, seconds(one.elapsed_s), waited));
}

function feed() {
  const shown = rows.filter((one) => !by("only-failovers").checked || one.attempts.length > 1).slice(0, MOST_ROWS);
  by("feed").replaceChildren(...(shown.length ? shown.map(row)
    : [el("tr", {}, el("td", { colspan: "5", class: "empty" }, "No requests yet. Ask something in the playground and watch."))]));
  for (const one of rows) one.fresh = false;
}

function take(fresh) {
  const unseen = fresh.filter((one) => one.id > lastId);
  if (!unseen.length) return;
  lastId = unseen.at(-1).id;
  rows = [...unseen.toReversed(), ...rows].slice(0, MOST_ROWS);
  feed();
}

function draw() {
  if (!status) return;
  show(by("tiles"), tiles());
  show(by("curve"), curve());
  show(by("providers"), providers());
}

async function refresh() {
  try {
    status = await json(`/status?after=${lastId}`);
    readAt = performance.now();
    by("trouble").replaceChildren();
    by("updated").textContent = `As of ${new Date(status.at).toLocaleTimeString()}`;
    take(status.requests);
    draw();
  } catch (problem) {
    by("updated").textContent = status ? `Not up to date: last seen ${new Date(status.at).toLocaleTimeString()}` : "";
    show(by("trouble"), el("div", { class: "notice bad", role: "alert" }, problem.message, " Trying again every few seconds."));
  }
}

async function listen() {
  for (;;) {
    try {
      for await (const { data } of eventsOf(await stream(`/status/events?after=${lastId}`))) take([{ ...JSON.parse(data), fresh: true }]);
    } catch {
      // The refresh beside it says what is wrong.
    }
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

by("only-failovers").addEventListener("change", feed);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
await refresh();
if (status?.demo) await breaking(by("demo")).catch((problem) => by("demo").replaceChildren(trouble(problem)));
feed();
by("main").removeAttribute("aria-busy");
listen();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
setInterval(() => document.hidden || draw(), 1000);
