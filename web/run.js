// A run as the page follows it: begun, watched over lost connections, stopped, gone on with.

import { call, eventsOf, json, Problem, stream } from "/web/api.js";
import { after, begun, isOver } from "/web/run-state.js";

const NEXT_TRY_S = 5;
const LONGEST_PAUSE_MS = 10_000;

// Tells "change" whenever its state or its connection changes.
export class Run extends EventTarget {
  constructor(id) {
    super();
    this.id = id;
    this.state = begun(id);
    this.connection = "connecting"; // or "live", "lost" with a problem, "gone", "closed"
    this.problem = null;
    this.leaving = new AbortController();
    this.line = new AbortController(); // of the connection that is open
    addEventListener("offline", () => this.line.abort(), { signal: this.leaving.signal });
  }

  // Begins to write; resolves when the service has taken it on, and then follows it.
  static async begin(kind, body, { anew = false } = {}) {
    const run = new Run("");
    const headers = anew ? { "Cache-Control": "no-cache" } : {};
    const answer = await stream(`/documents/${kind}`, { body, headers, signal: run.#open() }).catch((problem) => {
      run.leave();
      throw problem.name === "AbortError" ? new Problem(0, "You are offline.") : problem;
    });
    run.id = answer.headers.get("x-run-id");
    run.follow(answer);
    return run;
  }

  // Follows it to its end, from *answer* or from where it was left. Never throws: the state says how it went.
  async follow(answer = null) {
    let tries = 0;
    while (!this.leaving.signal.aborted) {
      try {
        answer ??= await stream(`/runs/${this.id}/events`, { headers: { "Last-Event-ID": String(this.state.lastId) }, signal: this.#open() });
        this.#tell("live");
        for await (const event of eventsOf(answer)) {
          tries = 0;
          this.state = after(this.state, event, performance.now());
          this.#tell("live");
        }
        if (isOver(this.state)) return;
        throw new Problem(0, "The connection was lost.");
      } catch (problem) {
        if (this.leaving.signal.aborted) return;
        if (problem.status === 404 || problem.status === 401) return this.#tell("gone", problem);
        this.#tell("lost", problem instanceof Problem ? problem : new Problem(0, "The connection was lost."));
      }
      answer = null;
      await this.#pause(Math.min(500 * 2 ** tries++, LONGEST_PAUSE_MS));
    }
  }

  // Ends it; what it has written stays.
  async stop() {
    await call(`/runs/${this.id}`, { method: "DELETE" });
  }

  // Takes it up again after a pause or a stop; while the service is not there, a little later.
  async goOn() {
    try {
      await json(`/runs/${this.id}`, { method: "POST" });
    } catch (problem) {
      if (problem.status > 0 && problem.status < 500) throw problem;
      const end = { ...this.state.end, resumes_in_s: problem.retryAfter ?? NEXT_TRY_S };
      this.state = { ...this.state, end, at: performance.now() };
      return this.#tell("closed");
    }
    this.state = { ...this.state, status: "running", end: null };
    this.#tell("connecting");
    this.follow();
  }

  // Stops looking; the run itself goes on.
  leave() {
    this.leaving.abort();
    this.connection = "closed";
  }

  // What ends the next connection: leaving, or the browser saying that it is offline.
  #open() {
    this.line = new AbortController();
    return AbortSignal.any([this.leaving.signal, this.line.signal]);
  }

  #tell(connection, problem = null) {
    this.connection = connection;
    this.problem = problem;
    this.dispatchEvent(new Event("change"));
  }

  // Waits, but not when the browser says that the network is back.
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true, signal: this.leaving.signal });
      this.leaving.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}
