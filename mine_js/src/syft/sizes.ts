/** How large a model a scheme carries, and how a larger one is refused. */
import { SyftError } from "../errors.ts";

export const LARGEST_ROWS = 4097;

/** A model is larger than the scheme carries. */
export class SizeError extends SyftError {}

/** Raises SizeError unless it fits; the largest number of rows (the bias counted) that does is named. What fits with more rows, fits with fewer. */
export function requireCarried(scheme: string, rows: number, columns: number, fits: (rows: number) => boolean): void {
  if (fits(rows)) return;
  let [low, high] = [0, LARGEST_ROWS];
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  const works = low > 1 ? `${low - 1} x ${columns} is the largest that works` : "choose fewer outputs";
  throw new SizeError(`a model of ${rows - 1} inputs x ${columns} outputs is too large for ${scheme}: ${works}`);
}
