/** What a spec and its terms mean, in plain words. Pure. */
import { count } from "../../shared/format/numbers";
import type { Spec, SpecField } from "./spec";

const FAMILIES: Record<string, string> = {
  linear: "a linear regression",
  ridge: "a ridge regression",
  logistic: "a logistic regression",
  one_vs_rest: "a linear classifier (one against the rest)",
  mlp: "a neural network with one hidden layer",
};
const METRICS: Record<string, string> = {
  accuracy: "the share of right answers",
  balanced_accuracy: "the share of right answers, each class counting the same",
  macro_f1: "the F1 score, each class counting the same",
  auc: "the area under the ROC curve, the mean over the classes",
  log_loss: "the logarithmic loss of its probabilities",
  r2: "R², the share of the variance that it explains",
  absolute_error: "the mean absolute error",
};
const SCHEMES: Record<string, string> = { paillier: "Paillier", rlwe: "ring-LWE", ckks: "CKKS" };

export function modelOf(spec: Spec): string {
  return FAMILIES[spec.family] ?? `a model of the family ${spec.family}`;
}

export function encryptionOf(spec: Spec): string {
  return `${SCHEMES[spec.scheme] ?? spec.scheme}, ${spec.keyBits} ${spec.scheme === "paillier" ? "bit" : "coefficients"}`;
}

export function metricOf(spec: Spec): string {
  return METRICS[spec.metric] ?? spec.metric;
}

/** What a field holds: "a number from 3 to 9 cm", "one of red, green, blue". */
export function kindOf(field: SpecField): string {
  if (field.values.length > 0) return `one of ${listed(field.values)}`;
  if (field.kind === "boolean") return "yes or no";
  const what = field.kind === "integer" ? "a whole number" : "a number";
  const unit = field.unit === "" ? "" : ` ${field.unit}`;
  return field.clip === null ? what + unit : `${what} from ${field.clip[0]} to ${field.clip[1]}${unit}`;
}

export function listed(words: readonly string[], most = 6): string {
  if (words.length > most) return `${words.slice(0, most).join(", ")} and ${count(words.length - most)} more`;
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** What one percentage point of accuracy earns, in wei: bounty / denominator of the payout. */
export function weiPerPoint(bounty: bigint, target: number, start: number | null, gapBasis: boolean): bigint {
  const whole = gapBasis ? target - (start ?? 0) : target;
  return whole <= 0 ? 0n : (bounty * 10_000n) / BigInt(whole);
}
