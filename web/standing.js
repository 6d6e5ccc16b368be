// How the service stands, asked once for a page: whether a real model answers, and what providers are called.

import { json } from "/web/api.js";

// The answer of /status; { problem } when there is none.
export const standing = json("/status").catch((problem) => ({ problem, providers: [] }));

const labels = new Map([["local", "Embedded model"]]);
standing.then((told) => told.providers.forEach((one) => labels.set(one.provider, one.label)));

export const labelOf = (provider) => labels.get(provider) || provider;
