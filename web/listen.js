// Listening to a pitch: the seconds and the voice to choose, the sound, and its captions as they are spoken.

import { json } from "/web/api.js";
import { el, seconds } from "/web/dom.js";
import { saveAs } from "/web/files.js";
import { trouble } from "/web/trouble.js";

const LENGTHS = [30, 45, 60, 90];

const blobOf = (base64, type) => new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type });

function player(spoken, language, names) {
  const sound = blobOf(spoken.audio, spoken.media_type);
  const captions = el("p", { class: "caption", "aria-hidden": "true", dir: "auto" });
  const track = el("track", { kind: "captions", srclang: language, label: "Captions", default: true, src: URL.createObjectURL(new Blob([spoken.vtt], { type: "text/vtt" })) });
  const audio = el("audio", { controls: true, src: URL.createObjectURL(sound) }, track);
  track.track.mode = "hidden"; // read by us: a player of sound has no place for them
  track.track.addEventListener("cuechange", () => (captions.textContent = [...track.track.activeCues].map((cue) => cue.text).join(" ")));
  const off = spoken.deviation === null ? "" : `, ${Math.abs(spoken.deviation * 100).toFixed(0)} % off`;
  const ending = spoken.media_type === "audio/mpeg" ? "mp3" : "wav";
  return [
    audio, captions,
    el("p", { class: "small soft" }, `${seconds(Math.round(spoken.seconds))}${off}; ${names.get(spoken.voice) ?? spoken.voice}. `, spoken.is_shortened && "The text was shortened to fit. "),
    el("details", { class: "small" }, el("summary", {}, "The spoken text"), el("p", { dir: "auto" }, spoken.text)),
    el("div", { class: "row small" }, el("span", { class: "soft" }, "Save:"),
      save(sound, ending, ending.toUpperCase()), save(new Blob([spoken.vtt]), "vtt", "captions (VTT)"), save(new Blob([spoken.srt]), "srt", "captions (SRT)")),
  ];
}

const save = (blob, ending, words) => el("button", { type: "button", class: "plain small", onclick: () => saveAs(blob, `pitch.${ending}`) }, words);

// The card in which *text* (in *language*) is listened to.
export function listen(text, language, usual) {
  const long = el("select", { id: "listen-seconds" }, LENGTHS.map((length) => el("option", { value: String(length), selected: length === usual }, `${length} seconds`)));
  const voice = el("select", { id: "listen-voice" }, el("option", { value: "" }, "The usual voice"));
  const button = el("button", { class: "main" }, "Speak it");
  const place = el("div", { class: "player" });
  const names = new Map(); // of the voices
  const speak = async (event) => {
    event?.preventDefault();
    button.disabled = true;
    button.classList.add("busy");
    place.replaceChildren();
    try {
      const body = { text, seconds: Number(long.value), language, ...(voice.value ? { voice: voice.value } : {}) };
      place.replaceChildren(...player(await json("/speech", { body }), language, names));
      place.querySelector("audio").focus();
    } catch (problem) {
      place.replaceChildren(trouble(problem.status === 501 ? { message: "No voice is installed here. docs/SPEECH.md says how to get one." } : problem, problem.retryAfter && { name: "Try again", run: speak }));
    } finally {
      button.disabled = false;
      button.classList.remove("busy");
    }
  };
  voices(voice, language, names);
  return el("form", { class: "card listen", "aria-labelledby": "listen-title", onsubmit: speak }, el("h2", { id: "listen-title" }, "Listen"),
    el("div", { class: "pair" }, el("div", { class: "field" }, el("label", { for: "listen-seconds" }, "Length"), long), el("div", { class: "field" }, el("label", { for: "listen-voice" }, "Voice"), voice)),
    button, place);
}

// The voices that speak *language*; without an answer the usual one is left.
async function voices(select, language, names) {
  const spoken = language.split("-")[0];
  try {
    const { engines } = await json("/speech/voices");
    for (const engine of engines) {
      for (const one of engine.voices) names.set(one.id, `${one.name || one.id}, ${engine.label}`);
      if (engine.languages.length && !engine.languages.includes(spoken)) continue;
      select.append(el("optgroup", { label: engine.label }, engine.voices.map((one) => el("option", { value: one.id }, one.name || one.id))));
    }
  } catch {
    // The usual voice says itself what is wrong when it is asked for.
  }
}
