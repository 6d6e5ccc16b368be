// How pages talk to the service: JSON and event streams, with the visitor's API key where one is asked for.

const KEY = "trimaran.key";

export class Problem extends Error {
  // What the service answered instead: status, words, and in how many seconds asking again may help.
  constructor(status, message, retryAfter = null, body = null) {
    super(message);
    Object.assign(this, { status, retryAfter, body });
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) || localStorage.getItem(KEY) || "",
  set(value, keep) {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
    if (value) (keep ? localStorage : sessionStorage).setItem(KEY, value);
  },
};

// Set by the shell: asks the visitor for a key, and resolves to whether there is one now. A visitor who has
// said no is not asked again until a button of theirs sets `isDeclined` back.
export const door = { ask: null, isDeclined: false };

export async function call(path, { method, body, headers = {}, signal } = {}) {
  const own = { ...headers };
  if (key.get()) own.Authorization = `Bearer ${key.get()}`;
  if (body !== undefined && !(body instanceof Blob)) own["Content-Type"] = "application/json";
  // No `cache`: with it the browser would say that it wants no kept answer, and the service would believe it.
  const options = { method: method || (body === undefined ? "GET" : "POST"), headers: own, signal };
  if (body !== undefined) options.body = body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, navigator.onLine ? "The service cannot be reached." : "You are offline.");
  }
  if (answer.status === 401 && door.ask && !door.isDeclined && (await door.ask(Boolean(key.get())))) {
    return call(path, { method, body, headers, signal });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

export const json = async (path, options = {}) =>
  (await call(path, { ...options, headers: { Accept: "application/json", ...options.headers } })).json();

const SILENT_MS = 40_000; // the service sends at least a comment every ten seconds

// What comes next from *reader*; throws when nothing comes for too long, as over a connection that died unnoticed.
async function next(reader) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Problem(0, "The connection went silent.")), SILENT_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

// The events of an answer, one after the other: { id, event, data }.
export async function* eventsOf(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await next(reader);
    held = (held + (value || "")).replaceAll("\r\n", "\n");
    const blocks = held.split("\n\n");
    held = blocks.pop(); // a block that has no end is none
    for (const block of blocks) {
      const event = { id: "", event: "message", data: "" };
      for (const line of block.split("\n")) {
        const [name, ...rest] = line.split(":");
        const text = rest.join(":").replace(/^ /, "");
        if (name === "data") event.data += (event.data ? "\n" : "") + text;
        else if (name === "id" || name === "event") event[name] = text;
      }
      if (event.data) yield event;
    }
    if (done) return;
  }
}

export const stream = (path, options = {}) =>
  call(path, { ...options, headers: { Accept: "text/event-stream", ...options.headers } });

async function problemOf(answer) {
  const wait = Number(answer.headers.get("retry-after")) || null;
  let body = null;
  try {
    body = await answer.json();
  } catch {
    return new Problem(answer.status, `The service answered ${answer.status}.`, wait);
  }
  const told = body?.error?.message ?? body?.detail;
  const words = Array.isArray(told)
    ? told.map((one) => `${one.loc?.slice(1).join(".") || "request"}: ${one.msg}`).join("; ")
    : told || `The service answered ${answer.status}.`;
  return new Problem(answer.status, words, wait, body);
}
