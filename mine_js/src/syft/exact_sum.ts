/** The sum of floats rounded once, whatever their order (Shewchuk 1997): Python's math.fsum. */

export function exactSum(values: Iterable<number>): number {
  const partials: number[] = [];
  for (let x of values) {
    if (!Number.isFinite(x)) return Infinity;
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
    if (!Number.isFinite(x)) return Infinity; // finite numbers whose sum is not
  }
  return rounded(partials);
}

/** The partials do not overlap and grow: from the top, with a tie decided by what lies below. */
function rounded(partials: readonly number[]): number {
  let at = partials.length - 1;
  if (at < 0) return 0;
  let high = partials[at] ?? 0;
  let low = 0;
  while (at > 0) {
    const x = high;
    const y = partials[--at] ?? 0;
    high = x + y;
    low = y - (high - x);
    if (low !== 0) break;
  }
  const below = at > 0 ? (partials[at - 1] ?? 0) : 0;
  if ((low < 0 && below < 0) || (low > 0 && below > 0)) {
    const twice = low * 2;
    const x = high + twice;
    if (twice === x - high) high = x;
  }
  return high;
}
