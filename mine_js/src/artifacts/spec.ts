/** Spec: what a campaign asks for. Canonical JSON. */
import { SyftError } from "../errors.ts";
import { sameBytes, toHex } from "../protocol/bytes.ts";
import { dumpsJson, isObject } from "../protocol/canonical_json.ts";
import type { Cid } from "../protocol/cid.ts";
import { ProfileError } from "../schema/errors.ts";
import { Schema } from "../schema/schema.ts";
import { FAMILIES, type FamilyName, LinearFamily } from "../syft/family.ts";
import { requirePaillierSize } from "../syft/paillier/layout.ts";
import { RlweLayout } from "../syft/rlwe/layout.ts";
import { type Rule, ruleFrom } from "../syft/rules.ts";
import { LARGEST_ROWS, SizeError } from "../syft/sizes.ts";
import { ArtifactError, MalformedError, naming, Said } from "./errors.ts";
import { type Fields, formatName, MAX_BYTES, readJson } from "./fields.ts";

const KIND = "spec";
const VERSION = 1;
const MOST_EVALUATIONS = (1 << 24) - 1;
const SMALLEST_KEY = 2048;
const NUMBERS = ["r2", "absolute_error"] as const;
const CLASSES = ["accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss"] as const;
const SIZES: Readonly<Record<string, readonly number[]>> = { paillier: [2048, 3072, 4096], rlwe: [8192], ckks: [16384] };
const LARGEST_WEIGHT: Readonly<Record<string, number>> = { paillier: 1e6, rlwe: 4096, ckks: 1e6 };

/** What a model is for, in the words of a closed list; a spec that says nothing has the last one. */
export const PURPOSES = [
  "research", "health", "education", "public_service", "environment", "safety", "product", "advertising", "finance", "employment",
  "law_enforcement", "defence", "other", "unstated",
] as const;

export interface PrivacyFloor {
  readonly epsilon: number;
  readonly delta: number;
}

/** A checked spec, as far as a mine needs it; `text` is all of it, byte for byte. */
export class Spec {
  readonly title: string;
  readonly schema: Schema;
  /** The documents that the schema is made of. */
  readonly inputSchema: unknown;
  readonly outputSchema: unknown;
  readonly purpose: string;
  readonly family: FamilyName;
  readonly scheme: string;
  readonly keyBits: number;
  readonly weightBound: number;
  readonly capsuleCertificate: Cid;
  /** Whose certificate can open the gradients beside Capsule's, once the campaign is over; or null. */
  readonly auditor: Cid | null;
  readonly privacyFloor: PrivacyFloor | null;
  /** The feature map's description, or null. */
  readonly features: unknown;
  /** How many submissions are measured on the validation set; null for any number. */
  readonly evaluations: number | null;
  private readonly parameters: Record<string, unknown>;
  private readonly described: Record<string, unknown>;

  private constructor(fields: Fields) {
    const inner = fields.inner("validation");
    const validation = { sealed: inner.cid("sealed").toString(), digest: `0x${toHex(inner.hexOctets("digest", 32))}`, rows: inner.integer("rows", 1, 10_000_000) };
    const guiding = inner.has("guiding_rows") ? { guiding_rows: inner.integer("guiding_rows", 1, validation.rows - 1) } : {};
    const declared = inner.has("evaluations") ? { evaluations: inner.integer("evaluations", 1, MOST_EVALUATIONS) } : {};
    this.evaluations = "evaluations" in declared ? declared.evaluations : null;
    inner.finish();
    this.privacyFloor = floorFrom(fields.optionalInner("privacy_floor"));
    const algorithm = fields.inner("algorithm");
    this.scheme = fields.known("scheme", ["paillier", "rlwe", "ckks"]);
    this.family = algorithm.known("family", FAMILIES);
    const [rule, parameters] = [mapping(algorithm, "rule"), mapping(algorithm, "parameters")];
    algorithm.finish();
    const network = this.family === "mlp";
    const schemes = network ? ["ckks"] : ["paillier", "rlwe"];
    if (!schemes.includes(this.scheme)) fields.refuse("scheme", this.scheme, `one of ${schemes.join(", ")}`);
    this.described = rule;
    this.parameters = parameters;
    this.features = Object.hasOwn(parameters, "features") ? parameters["features"] : null;
    this.title = fields.text("title", 1, 200);
    this.purpose = fields.has("purpose") ? fields.oneOf("purpose", PURPOSES) : "unstated";
    const description = fields.text("description", 0, 10_000);
    const [inputs, outputs] = [fields.take("input_schema"), fields.take("output_schema")];
    [this.inputSchema, this.outputSchema] = [inputs, outputs];
    this.schema = schemaFrom(inputs, outputs);
    const numeric = this.family === "linear" || this.family === "ridge";
    const metric = fields.known("metric", numeric ? NUMBERS : CLASSES, [...NUMBERS, ...CLASSES]);
    const [start, tolerance] = [fields.integer("start_ppm", 0, 1_000_000), fields.integer("start_tolerance_ppm", 0, 1_000_000)];
    this.capsuleCertificate = fields.cid("capsule_certificate");
    const scientist = fields.cid("scientist_certificate");
    this.auditor = fields.optionalCid("auditor_certificate") ?? null;
    this.keyBits = fields.integer("key_bits", 1, 1 << 20);
    const sizes = SIZES[this.scheme] ?? [];
    if (!sizes.includes(this.keyBits)) fields.refuse("key_bits", this.keyBits, `one of ${sizes.join(", ")}`);
    this.weightBound = fields.number("weight_bound", 1e-3, LARGEST_WEIGHT[this.scheme] ?? 1e6);
    const norm = fields.number("difference_norm", 1e-6, 1e9);
    const steps = stepsFrom(fields);
    const initial = initialFrom(fields.inner("initial"), this.features !== null);
    fields.finish();
    checkLabel(this.family, this.schema);
    const ruleMapping = network ? { name: "one_gradient" } : naturally(fields, "algorithm.rule", "a rule", () => ruleFrom(rule).parameters);
    if (!network) naturally(fields, "algorithm", "a family", () => this.familyFor(new Uint8Array(32)));
    this.mapping = {
      ...(this.purpose === "unstated" ? {} : { purpose: this.purpose }),
      format: formatName(KIND, VERSION), title: this.title, description, input_schema: inputs, output_schema: outputs,
      algorithm: { family: this.family, parameters, rule: ruleMapping }, steps, metric, start_ppm: start,
      start_tolerance_ppm: tolerance, validation: { ...validation, ...guiding, ...declared }, capsule_certificate: this.capsuleCertificate.toString(),
      scientist_certificate: scientist.toString(), auditor_certificate: this.auditor?.toString() ?? null, initial,
      scheme: this.scheme, key_bits: this.keyBits, privacy_floor: this.privacyFloor, weight_bound: this.weightBound,
      difference_norm: norm,
    };
  }

  private readonly mapping: Record<string, unknown>;

  static parse(data: Uint8Array, cid?: Cid): Spec {
    return naming(cid, () => {
      const spec = new Spec(readJson(KIND, VERSION, data, MAX_BYTES.spec));
      if (!sameBytes(dumpsJson(spec.mapping), data)) {
        throw new MalformedError(KIND, "", new Said("written in another form"), "every field, each in its one form");
      }
      return spec;
    });
  }

  /** The training rule; a network has none that this mine knows. */
  get rule(): Rule {
    return ruleFrom(this.described);
  }

  /** The model family, its feature map drawn from the campaign's id. */
  familyFor(campaign: Uint8Array): LinearFamily {
    const { classes } = this.schema.label;
    const outputs = classes.length > 0 && this.family !== "logistic" ? classes.length : 1;
    return LinearFamily.build(this.family, this.schema.nFeatures, outputs, this.parameters, campaign);
  }

  /** Whether a mine can train such a model at all. */
  checkSize(): void {
    const { rows, nOutputs } = this.familyFor(new Uint8Array(32));
    const sized = (scheme: string, bits: number): void => {
      if (scheme === "rlwe") RlweLayout.choose(rows, nOutputs, this.weightBound);
      else requirePaillierSize(rows, nOutputs, bits, this.weightBound);
    };
    const inputs = this.schema.nFeatures; // before a feature map; after it they are in the weights' shape
    if (inputs >= LARGEST_ROWS) throw new ArtifactError(KIND, "input_schema", new Said(`${inputs} inputs`), `at most ${LARGEST_ROWS - 1} inputs`);
    try {
      sized(this.scheme, this.keyBits);
    } catch (error) {
      if (!(error instanceof SyftError)) throw error;
      const other = ["paillier", "rlwe"].find((name) => carries(() => sized(name, SMALLEST_KEY)));
      const larger = other === undefined ? "a smaller model: no scheme carries it" : `scheme '${other}', which carries it`;
      const expected = error instanceof SizeError ? larger : "a size of key and a bound of weights that fit each other";
      throw new ArtifactError(KIND, "algorithm", new Said(error.message), expected);
    }
  }
}

function carries(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof SyftError) return false;
    throw error;
  }
}

function mapping(fields: Fields, name: string): Record<string, unknown> {
  const value = fields.take(name);
  return isObject(value) ? value : fields.refuse(name, value, "names and values");
}

function schemaFrom(inputs: unknown, outputs: unknown): Schema {
  try {
    return new Schema(inputs, outputs);
  } catch (error) {
    if (error instanceof ProfileError) throw new ArtifactError(KIND, error.path, new Said(error.value), error.expected);
    throw error;
  }
}

function naturally<T>(fields: Fields, path: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof SyftError) throw new ArtifactError(fields.kind, path, new Said(error.message), `${what} with parameters in range`);
    throw error;
  }
}

function checkLabel(family: FamilyName, { label }: Schema): void {
  const count = label.classes.length;
  const found = new Said(count > 0 ? `${count} classes` : "a number");
  const numeric = family === "linear" || family === "ridge";
  if (numeric && count > 0) throw new ArtifactError(KIND, "output_schema", found, `a number, for family ${family}`);
  if (!numeric && count === 0) throw new ArtifactError(KIND, "output_schema", found, `classes (an enum), for family ${family}`);
  if (family === "logistic" && count !== 2) throw new ArtifactError(KIND, "output_schema", found, "2 classes, for family logistic");
}

function floorFrom(fields: Fields | null): PrivacyFloor | null {
  if (fields === null) return null;
  const floor = { epsilon: fields.number("epsilon", 1e-6, 100), delta: fields.number("delta", 0, 0.1) };
  fields.finish();
  return floor;
}

function stepsFrom(fields: Fields): readonly number[] {
  const steps = fields.items("steps", 1, 16).map((step, place) => {
    if (typeof step !== "number" || !(step >= 1e-6 && step <= 16)) fields.refuse(`steps[${place}]`, step, "a number of 1e-06 to 16");
    return step;
  });
  if (steps.some((step, place) => place > 0 && step <= (steps[place - 1] ?? 0))) {
    fields.refuse("steps", steps, "numbers in increasing order");
  }
  return steps;
}

function initialFrom(fields: Fields, drawsFeatures: boolean): Record<string, unknown> {
  const kind = fields.oneOf("kind", ["zeros", "sealed", "campaign"]);
  const made: Record<string, unknown> = { kind };
  if (kind === "sealed") {
    made["sealed"] = fields.cid("sealed").toString();
    made["digest"] = `0x${toHex(fields.hexOctets("digest", 32))}`;
  } else if (kind === "campaign") made["campaign"] = `0x${toHex(fields.hexOctets("campaign", 32))}`;
  fields.finish();
  if (drawsFeatures && kind !== "zeros") {
    throw new ArtifactError(KIND, "initial", new Said(kind), "zeros: a feature map is drawn anew for each campaign, and weights fit no other");
  }
  return made;
}
