// The documents that were written in this browser, each with its versions: kept in IndexedDB, within bounds.

const NAME = "documents";
const MOST_DOCUMENTS = 40;
const MOST_VERSIONS = 12;

const memory = new Map(); // in place of a database, where the browser gives none
let opening = null;

// Whether anything outlasts this page.
export const persists = async () => (await database()) !== null;

function database() {
  opening ??= new Promise((resolve) => {
    try {
      const asked = indexedDB.open("trimaran", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(NAME, { keyPath: "id" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = asked.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

async function done(mode, work) {
  const base = await database();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(NAME, mode);
    const asked = work(transaction.objectStore(NAME));
    transaction.oncomplete = () => resolve(asked?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

// All entries, the newest first. An entry: { id, kind, title, venture, draft, at, run, status, written, of, versions }.
export async function all() {
  const found = (await database()) ? await done("readonly", (store) => store.getAll()) : [...memory.values()];
  return found.sort((one, other) => other.at - one.at);
}

export const get = async (id) => ((await database()) ? done("readonly", (store) => store.get(id)) : memory.get(id));

// The entry that the run belongs to, as its latest or as one of its versions.
export const ofRun = async (run) =>
  (await all()).find((entry) => entry.run === run || entry.versions.some((version) => version.run === run)) ?? null;

export async function put(entry) {
  const [first, ...later] = entry.versions;
  const kept = { ...entry, versions: first ? [first, ...later.slice(1 - MOST_VERSIONS)] : [] };
  if (await database()) await done("readwrite", (store) => store.put(kept));
  else memory.set(kept.id, kept);
  for (const old of (await all()).slice(MOST_DOCUMENTS)) await remove(old.id);
  return kept;
}

export async function remove(id) {
  if (await database()) await done("readwrite", (store) => store.delete(id));
  else memory.delete(id);
}
