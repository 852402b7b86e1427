/**
 * Records clipped to a public length and rounded toward zero onto an integer grid; sums of their products are
 * exact. What a record becomes depends on that record alone, to the bit.
 */
import { PrivacyError } from "../errors.ts";
import { exactSum } from "../syft/exact_sum.ts";

export const GRID_BITS = 12;
export const UNIT = 1 << GRID_BITS;
export const MOST_ROWS = 2 ** (53 - 2 * GRID_BITS) - 1;

/** The public lengths that records are clipped to: r of the inputs, without the bias, and b of the targets. */
export class Clip {
  readonly inputs: number;
  readonly targets: number;

  constructor(inputs: number, targets: number) {
    for (const [name, value] of [["inputs", inputs], ["targets", targets]] as const) {
      if (!(value >= 1e-9 && value <= 1e9)) {
        throw new PrivacyError(`the clip of ${name} is ${value}; needs a number from 1e-9 to 1e9, chosen without looking at the records`);
      }
    }
    this.inputs = inputs;
    this.targets = targets;
  }

  /** a = sqrt(r^2 + 1), the largest norm of the inputs and the bias. */
  get withBias(): number {
    return Math.sqrt(this.inputs * this.inputs + 1);
  }

  /** The bias of every record on the grid. */
  get biasUnit(): number {
    const unit = Math.trunc(UNIT / this.withBias);
    if (unit < 1) throw new PrivacyError(`the clip of inputs is ${this.inputs}; the bias needs one of at most ${UNIT - 1}`);
    return unit;
  }
}

/** A record on the grid: its inputs, the bias last, then its targets. */
export function onGrid(inputs: Float64Array, targets: Float64Array, clip: Clip): Int16Array {
  const made = new Int16Array(inputs.length + 1 + targets.length);
  made.set(clipped(inputs, clip.inputs, UNIT / clip.withBias));
  made[inputs.length] = clip.biasUnit;
  made.set(clipped(targets, clip.targets, UNIT / clip.targets), inputs.length + 1);
  return made;
}

/** The row clipped to the norm `longest`, times `scale`, rounded toward zero. */
function clipped(row: Float64Array, longest: number, scale: number): Int16Array {
  const norm = Math.sqrt(exactSum(row.map((value) => value * value)));
  const factor = norm > longest ? longest / norm : 1;
  return Int16Array.from(row, (value) => Math.trunc(value * factor * scale));
}
