// The playground: a chat over /v1 that shows for each answer where it came from.

import { call, eventsOf, json, key, Problem } from "/web/api.js";
import { by, el, seconds } from "/web/dom.js";
import { trouble } from "/web/trouble.js";

const turns = []; // the conversation as it is sent
let running = null; // aborts what is under way
let language = "curl";

const temperature = () => (Number(by("temperature").value) < 0 ? undefined : Number(by("temperature").value));

function request(messages) {
  const system = by("system").value.trim();
  return {
    model: by("model").value,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...messages],
    ...(temperature() === undefined ? {} : { temperature: temperature() }),
    ...(by("streams").checked ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

// --- the same from elsewhere

function snippet() {
  const words = by("words").value.trim() || "Name three uses of an old sail.";
  const body = request([...turns, { role: "user", content: words }]);
  const base = `${location.origin}/v1`;
  if (language === "curl") {
    const quoted = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
    const auth = key.get() ? ` \\\n  -H "Authorization: Bearer $TRIMARAN_KEY"` : "";
    return `curl -N ${base}/chat/completions \\\n  -H 'Content-Type: application/json'${auth} \\\n  -d '${quoted}'`;
  }
  const python = JSON.stringify(body.messages, null, 4).replaceAll("\n", "\n    ");
  const options = [`model=${JSON.stringify(body.model)}`, `messages=${python}`];
  if (body.temperature !== undefined) options.push(`temperature=${body.temperature}`);
  if (body.stream) options.push("stream=True");
  const opening = `from openai import OpenAI\n\nclient = OpenAI(base_url=${JSON.stringify(base)}, api_key=${key.get() ? "os.environ[\"TRIMARAN_KEY\"]" : '"none"'})\n`;
  const asking = `answer = client.chat.completions.create(\n    ${options.join(",\n    ")},\n)\n`;
  const reading = body.stream
    ? 'for chunk in answer:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="", flush=True)\n'
    : "print(answer.choices[0].message.content)\n";
  return (key.get() ? "import os\n\n" : "") + opening + asking + reading;
}

const showCode = () => (by("code").textContent = snippet());

function choose(next) {
  language = next;
  for (const name of ["curl", "python"]) {
    by(`tab-${name}`).setAttribute("aria-selected", String(name === next));
    by(`tab-${name}`).tabIndex = name === next ? 0 : -1;
  }
  by("code").setAttribute("aria-labelledby", `tab-${next}`);
  showCode();
}

// --- one answer

function facts(answer, usage, firstMs, totalMs) {
  const head = (name) => answer.headers.get(name) || "";
  const receipt = JSON.parse(head("x-route-receipt") || "{}");
  const tried = (receipt.tried || []).map((one) => `${one.provider}${one.failure ? ` ✗ ${one.failure}` : " ✓"}`).join(" → ");
  const groups = Map.groupBy(receipt.skipped || [], (one) => `${one.provider}: ${one.reason}`);
  const skipped = [...groups].map(([words, models]) => (models.length > 1 ? `${words} (${models.length} models)` : words)).join("; ");
  const fact = (name, value) => value && el("span", {}, `${name} `, el("b", {}, value));
  return el("div", { class: "facts-line number" },
    fact("by", [head("x-provider"), head("x-model")].filter(Boolean).join(" / ")), fact("cache", head("x-cache").toLowerCase()),
    fact("calls", tried || head("x-attempts")), fact("not asked", skipped), receipt.waited_s >= 0.1 && fact("waited", seconds(receipt.waited_s)),
    firstMs !== null && fact("first words after", seconds(firstMs / 1000)), fact("took", seconds(totalMs / 1000)),
    usage && fact("tokens", `${usage.prompt_tokens} in, ${usage.completion_tokens} out`));
}

async function ask(messages, place) {
  const words = el("div", { class: "words writing" });
  place.append(words);
  const begin = performance.now();
  let first = null;
  let usage = null;
  running = new AbortController();
  const headers = { "X-Route-Receipt": "1", ...(by("anew").checked ? { "Cache-Control": "no-cache" } : {}) };
  try {
    const answer = await call("/v1/chat/completions", { body: request(messages), headers, signal: running.signal });
    if (answer.headers.get("content-type").startsWith("text/event-stream")) {
      for await (const { data } of eventsOf(answer)) {
        if (data === "[DONE]") break;
        const chunk = JSON.parse(data);
        if (chunk.error) throw new Problem(502, chunk.error.message);
        usage = chunk.usage || usage;
        const text = chunk.choices[0]?.delta?.content || "";
        if (text && first === null) first = performance.now() - begin;
        words.append(text);
      }
    } else {
      const body = await answer.json();
      usage = body.usage;
      words.textContent = body.choices[0].message.content;
    }
    place.append(facts(answer, usage, first, performance.now() - begin));
    turns.push({ role: "assistant", content: words.textContent });
    by("said").textContent = `Answer of ${answer.headers.get("x-provider")}: ${words.textContent.slice(0, 300)}`;
  } catch (problem) {
    const unsent = turns.pop().content;
    if (problem.name === "AbortError") {
      place.append(el("div", { class: "notice", role: "status" }, "Stopped. What stands above is not the whole answer."));
    } else {
      place.append(trouble(problem));
      by("words").value ||= unsent; // to be sent once more
    }
  } finally {
    words.classList.remove("writing");
    running = null;
    by("send").disabled = false;
    by("stop").hidden = true;
    showCode();
  }
}

function turn(role, text) {
  const place = el("li", { class: `turn ${role}` }, el("span", { class: "unseen" }, role === "user" ? "You" : "Answer"));
  if (text) place.append(el("div", { class: "words" }, text));
  by("turns").append(place);
  place.scrollIntoView({ block: "nearest" });
  return place;
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = by("words").value.trim();
  if (!words || running) return;
  turns.push({ role: "user", content: words });
  turn("user", words);
  by("words").value = "";
  by("send").disabled = true;
  by("stop").hidden = false;
  ask([...turns], turn("assistant"));
});
by("words").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    by("form").requestSubmit();
  }
});
by("stop").addEventListener("click", () => running?.abort());
by("clear").addEventListener("click", () => {
  running?.abort();
  turns.length = 0;
  by("turns").replaceChildren();
  by("words").focus();
  showCode();
});
by("temperature").addEventListener("input", () => {
  by("temperature-shown").textContent = temperature() === undefined ? "as the model likes" : temperature().toFixed(1);
});
for (const name of ["curl", "python"]) by(`tab-${name}`).addEventListener("click", () => choose(name));
by("tab-curl").parentElement.addEventListener("keydown", (event) => {
  if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  choose(language === "curl" ? "python" : "curl");
  by(`tab-${language}`).focus();
});
by("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(snippet());
  by("copy").textContent = "Copied";
  setTimeout(() => (by("copy").textContent = "Copy"), 1500);
});
document.addEventListener("input", showCode);
showCode();

try {
  const { data } = await json("/v1/models");
  by("model").replaceChildren(...data.map((one) => el("option", { value: one.id }, one.id)));
  by("model-hint").textContent = data.length > 1 ? "auto: the first in order that can answer." : "";
  showCode();
} catch (problem) {
  by("model-hint").textContent = problem.message;
}
