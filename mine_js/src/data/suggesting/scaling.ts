/** The factor from a column's unit to a campaign's: by the units that names say, else by the range alone, which is a guess. */
import type { Field } from "../../schema/profile.ts";
import { general, pythonText } from "../../wording.ts";
import type { ColumnSeen } from "../understanding.ts";
import { factorsOf, otherDegrees, unitIn, unusual } from "./units.ts";
import { plain } from "./words.ts";

/** What people measure in other units, most usual first: metric steps, hundredths, months, inches, pounds. */
const FACTORS = [0.1, 10, 0.01, 100, 0.001, 1000, 1 / 12, 12, 2.54, 1 / 2.54, 0.45359237, 1 / 0.45359237];
/** Clips beyond a clip: a factor of ten is farther. */
const OUTLIERS = 4;
const SLACK = 0.05;
const OVERLAP = 0.25;

/**
 * `factor` null: no unit brings the column's range to the campaign's. `doubt`: why it may be wrong. `rounds`: the campaign
 * wants whole numbers, and the factor makes fractions.
 */
export interface Scaling {
  readonly factor: number | null;
  readonly why: string;
  readonly doubt: string | null;
  readonly rounds: boolean;
}

const AS_IT_IS: Scaling = { factor: 1, why: "", doubt: null, rounds: false };

/**
 * From a column of numbers to the field. A clip cuts outliers off, so that a range that goes beyond it is no sign of
 * another unit, unless it is out of all proportion.
 */
export function scaling(wanted: Field, { name, low, high }: ColumnSeen): Scaling {
  if (low === null || high === null) return AS_IT_IS;
  const range = new Range(wanted, low, high);
  const degrees = otherDegrees(wanted.name, name);
  if (degrees !== null) return { ...AS_IT_IS, doubt: degrees };
  const own = unitIn(name);
  if (own !== null) {
    const theirs = unitIn(wanted.name);
    const named = factorsOf(own, theirs);
    const usual = theirs === null ? named.length - unusual(own) : named.length;
    const [first, last] = [named.slice(0, usual), named.slice(usual)];
    const [factor] = [
      ...first.filter((one) => range.isInside(one)), ...first.filter((one) => range.isNear(one) && range.overlaps(one)),
      ...last.filter((one) => range.isInside(one)), ...named.filter((one) => range.isNear(one)),
    ];
    if (factor !== undefined) {
      const why = factor === 1 ? "" : `in ${own.word}: x ${general(factor)} makes it the campaign's unit`;
      return rounded(wanted, { ...AS_IT_IS, factor, why });
    }
  }
  if (range.isInside(1)) return AS_IT_IS;
  if (range.isNear(1) && (plain(name) === plain(wanted.name) || range.overlaps(1))) return AS_IT_IS;
  const factor = FACTORS.find((one) => range.isInside(one));
  if (factor !== undefined) {
    const said = own === null ? "no name says the unit" : `${pythonText(own.word)} in its name does not say so`;
    return rounded(wanted, { ...AS_IT_IS, factor, doubt: `x ${general(factor)} is guessed from the range alone; ${said}` });
  }
  const clip = `${general(wanted.clip[0])} to ${general(wanted.clip[1])}`;
  return { factor: null, why: "", doubt: `its range ${general(low)} to ${general(high)} is not the campaign's, ${clip}`, rounds: false };
}

/** A column's range beside a field's clip, once it is multiplied by a factor. */
class Range {
  private readonly clip: readonly [number, number];
  private readonly width: number;
  private readonly low: number;
  private readonly high: number;

  constructor({ clip }: Field, low: number, high: number) {
    this.clip = clip;
    this.width = clip[1] - clip[0];
    this.low = low;
    this.high = high;
  }

  /** Within the clip, and wide enough to be of its unit. */
  isInside(factor: number): boolean {
    return this.isWithin(factor, this.width * SLACK);
  }

  isNear(factor: number): boolean {
    return this.isWithin(factor, this.width * OUTLIERS);
  }

  overlaps(factor: number): boolean {
    const [low, high] = [this.low * factor, this.high * factor];
    return Math.min(high, this.clip[1]) - Math.max(low, this.clip[0]) >= OVERLAP * (high - low);
  }

  private isWithin(factor: number, beyond: number): boolean {
    const [low, high] = [this.low * factor, this.high * factor];
    return this.clip[0] - beyond <= low && high <= this.clip[1] + beyond && (high - low > this.width / 50 || low === high);
  }
}

function rounded(wanted: Field, found: Scaling): Scaling {
  if (wanted.jsonType !== "integer" || found.factor === null || Number.isInteger(found.factor)) return found;
  const said = "the campaign wants whole numbers, so that values are rounded";
  return { ...found, doubt: found.doubt === null ? said : `${found.doubt}; ${said}`, rounds: true };
}
