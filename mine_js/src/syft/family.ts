/** The linear families: how labels become targets, and what a public feature map makes of a row. */
import { NotInMineJsError, ParameterError } from "../errors.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { RandomFourier } from "./fourier.ts";
import { LARGEST_ENTRIES } from "./fixed_point.ts";

export const FAMILIES = ["linear", "ridge", "logistic", "one_vs_rest", "mlp"] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** A row's inputs as the model sees them, and its targets. */
export interface SeenRow {
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
}

export class LinearFamily {
  readonly name: FamilyName;
  readonly nFeatures: number;
  readonly nOutputs: number;
  readonly featureMap: RandomFourier | undefined;
  /** Second derivative of the loss in X W. */
  readonly curvature: number;
  /** What is taken off the targets: T = Y - offset. */
  readonly targetOffset: number;
  /** The family's own l2. */
  readonly penalty: number;

  constructor(name: FamilyName, nFeatures: number, nOutputs: number, penalty: number, featureMap?: RandomFourier) {
    const [fewest, most] = name === "one_vs_rest" ? [2, 4096] : name === "logistic" ? [1, 1] : [1, 4096];
    if (nFeatures < 1 || nFeatures > LARGEST_ENTRIES / (nOutputs || 1) - 1) {
      throw new ParameterError(`n_features of a ${name} model is ${nFeatures}; needs 1 to ${Math.floor(LARGEST_ENTRIES / nOutputs) - 1}`);
    }
    if (nOutputs < fewest || nOutputs > most) {
      throw new ParameterError(`n_outputs of a ${name} model is ${nOutputs}; needs ${fewest} to ${most}`);
    }
    if (!(penalty >= 0 && penalty <= 1e6)) throw new ParameterError(`alpha is ${penalty}; needs a number from 0 to 1e6`);
    this.name = name;
    this.nFeatures = nFeatures;
    this.nOutputs = nOutputs;
    this.featureMap = featureMap;
    const classes = name === "logistic" || name === "one_vs_rest";
    this.curvature = classes ? 0.25 : 1;
    this.targetOffset = classes ? 0.5 : 0;
    this.penalty = penalty;
  }

  /** The family with a spec's parameters; `seed` is the campaign's id, which a feature map is drawn from. */
  static build(name: string, nFeatures: number, nOutputs: number, parameters: unknown, seed: Uint8Array): LinearFamily {
    if (name === "mlp") {
      throw new NotInMineJsError("Mine.js trains no neural networks (family mlp, scheme ckks); run mine-agent for those");
    }
    const known = FAMILIES.find((family) => family === name);
    if (known === undefined || !isObject(parameters)) throw new ParameterError(`there is no model family '${name}'`);
    let alpha = known === "ridge" ? 1e-3 : 0;
    let map: RandomFourier | undefined;
    for (const [parameter, value] of Object.entries(parameters)) {
      if (parameter === "alpha" && known === "ridge" && typeof value === "number") alpha = value;
      else if (parameter === "features") map = RandomFourier.from(value, nFeatures, seed);
      else throw new ParameterError(`a ${known} model has no parameter '${parameter}'`);
    }
    return new LinearFamily(known, nFeatures, nOutputs, alpha, map);
  }

  /** d, the bias counted: the last row of the weights. */
  get rows(): number {
    return (this.featureMap?.count ?? this.nFeatures) + 1;
  }

  /** An encoded row without its bias, as the model sees it, and its label as targets. */
  seen(features: Float64Array, label: number): SeenRow {
    const inputs = this.featureMap === undefined ? features : this.featureMap.transform(features);
    if (this.name !== "one_vs_rest") return { inputs, targets: Float64Array.of(label) };
    const targets = new Float64Array(this.nOutputs);
    targets[label] = 1;
    return { inputs, targets };
  }
}
