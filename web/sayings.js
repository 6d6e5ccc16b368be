// What a run is doing, in a sentence for people. Pure.

const STAGES = {
  assumptions: () => "Working out what may be assumed",
  research: () => "Looking for sources",
  list: () => "Looking for names",
  call: () => "Reading the call",
  writing: (stage) => `Writing “${stage.title}”`,
  repair: (stage) => `A check found something: writing “${stage.title}” again`,
  checks: () => "Checking the whole document",
};
const PAUSES = {
  quota: "Today's calls are used up. What is written is kept.",
  providers: "Every provider fails at the moment. What is written is kept.",
  time: "The time for one sitting is over. What is written is kept.",
  unheard: "Nobody was looking, so it paused. What is written is kept.",
  shutdown: "The service is restarting. What is written is kept.",
  lost: "The service was restarted. What is written is kept.",
};

const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

// The sentence for a run's state and its connection.
export function saying(state, connection) {
  if (connection === "gone") return "There is nothing to show.";
  if (connection === "lost") return navigator.onLine ? "The connection is lost. The run goes on; looking for it again…" : "You are offline. The run goes on; this page finds it again by itself.";
  if (state.status === "done") {
    const { calls = 0, kept = 0 } = state.end ?? {};
    return `Finished: ${plural(calls, "call")}${kept ? `, ${kept} kept from before` : ""}.`;
  }
  if (state.status === "paused") return PAUSES[state.end?.why] ?? "Paused. What is written is kept.";
  if (state.status === "stopped") return "Stopped. What is written is kept.";
  if (state.status === "failed") return `It could not be finished: ${state.end?.message ?? "the service did not say why"}.`;
  if (state.waits) return state.waits.reason === "providers" ? "Every provider fails at the moment; asking again soon" : "Waiting for the next free call";
  return STAGES[state.stage?.stage]?.(state.stage) ?? "Beginning";
}

// One line of what has happened: [kind, text].
export function lineOf(entry, labelOf) {
  switch (entry.stage) {
    case "asking": return ["ask", `${labelOf(entry.provider)} is asked (${entry.model})`];
    case "failover": return ["fail", `${entry.provider} did not answer: ${entry.reason}`];
    case "waiting": return ["wait", `Waits ${Math.round(entry.seconds)} s for a free call`];
    case "section": return ["done", `“${entry.title}” is there${entry.kept ? ", kept from before" : ""}`];
    default: return ["step", STAGES[entry.stage]?.(entry) ?? entry.stage];
  }
}
