/**
 * How alike two texts are by their letters, 0 to 1: twice the letters in common runs over all letters, where the longest run
 * is taken first, and then those to its left and to its right. That is what Python's difflib calls a ratio, to the bit.
 */

/** Of so many letters on, a letter that is every hundredth or more says nothing. */
const LONG = 200;

export function alikeness(one: string, other: string): number {
  const [mine, theirs] = [[...one], [...other]];
  const all = mine.length + theirs.length;
  return all === 0 ? 1 : (2 * inCommon(mine, theirs)) / all;
}

function inCommon(mine: readonly string[], theirs: readonly string[]): number {
  const places = telling(theirs);
  let found = 0;
  const open: [number, number, number, number][] = [[0, mine.length, 0, theirs.length]];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const [low, high, lowTheirs, highTheirs] = part;
    const { at, theirsAt, length } = longest(mine, theirs, places, part);
    if (length === 0) continue;
    found += length;
    open.push([low, at, lowTheirs, theirsAt], [at + length, high, theirsAt + length, highTheirs]);
  }
  return found;
}

/** Where each letter is, without those that are too many to say anything. */
function telling(letters: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [place, letter] of letters.entries()) {
    const known = places.get(letter);
    if (known === undefined) places.set(letter, [place]);
    else known.push(place);
  }
  if (letters.length < LONG) return places;
  const most = Math.floor(letters.length / 100) + 1;
  return new Map([...places].filter(([, found]) => found.length <= most));
}

/** The longest run of letters that both parts have, the first of them; letters that say nothing only make it longer. */
function longest(
  mine: readonly string[], theirs: readonly string[], places: ReadonlyMap<string, readonly number[]>, part: readonly [number, number, number, number],
): { at: number; theirsAt: number; length: number } {
  const [low, high, lowTheirs, highTheirs] = part;
  let [at, theirsAt, length] = [low, lowTheirs, 0];
  let endingHere = new Map<number, number>();
  for (let place = low; place < high; place += 1) {
    const next = new Map<number, number>();
    for (const other of places.get(mine[place] ?? "") ?? []) {
      if (other < lowTheirs || other >= highTheirs) continue;
      const run = (endingHere.get(other - 1) ?? 0) + 1;
      next.set(other, run);
      if (run > length) [at, theirsAt, length] = [place - run + 1, other - run + 1, run];
    }
    endingHere = next;
  }
  while (at > low && theirsAt > lowTheirs && mine[at - 1] === theirs[theirsAt - 1]) [at, theirsAt, length] = [at - 1, theirsAt - 1, length + 1];
  while (at + length < high && theirsAt + length < highTheirs && mine[at + length] === theirs[theirsAt + length]) length += 1;
  return { at, theirsAt, length };
}
