// What has changed between two texts, word by word. Pure.

const WORDS = /\s+|[^\s]+/g;
const MOST = 4000; // pieces on both sides; above it whole texts are compared

// A list of ["same" | "gone" | "new", text].
export function diff(before, now) {
  const one = before.match(WORDS) || [];
  const other = now.match(WORDS) || [];
  if (one.length + other.length > MOST) return before === now ? [["same", now]] : [["gone", before], ["new", now]];
  const longest = lengths(one, other);
  const parts = [];
  const add = (kind, text) => (parts.at(-1)?.[0] === kind ? (parts.at(-1)[1] += text) : parts.push([kind, text]));
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      add("same", one[i]);
      [i, j] = [i + 1, j + 1];
    } else if (j >= other.length || (i < one.length && longest[i + 1][j] >= longest[i][j + 1])) {
      add("gone", one[i++]);
    } else {
      add("new", other[j++]);
    }
  }
  return parts;
}

// The length of the longest common subsequence of every two rests.
function lengths(one, other) {
  const table = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      table[i][j] = one[i] === other[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}
