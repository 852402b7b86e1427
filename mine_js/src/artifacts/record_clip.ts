/** The length that a campaign's records are clipped to where a mine adds noise: it follows from the spec alone. */
import { Clip } from "../privacy/grid.ts";
import { type Field, isNumeric } from "../schema/profile.ts";
import type { Schema } from "../schema/schema.ts";
import { exactSum } from "../syft/exact_sum.ts";
import type { LinearFamily } from "../syft/family.ts";

const LONGEST_LABEL = 3;
const SHORTEST = 1e-6;

export function recordClip(schema: Schema, family: LinearFamily): Clip {
  const squares = schema.fields.map((field) => (isNumeric(field) ? Math.min(1, reach(field) * reach(field)) : 1));
  const inputs = family.featureMap?.usualNorm ?? Math.sqrt(exactSum(squares));
  const targets = isNumeric(schema.label) ? Math.min(reach(schema.label), LONGEST_LABEL) : 1;
  return new Clip(Math.max(inputs, SHORTEST), Math.max(targets, SHORTEST));
}

/** The largest absolute value that an encoded number can have. */
function reach({ clip: [low, high], center, scale }: Field): number {
  return Math.max(Math.abs(low - center), Math.abs(high - center)) / scale;
}
