/** The spec that a draft becomes; see docs/protocol.md. Pure. */
import type { Json } from "../protocol/canonical";
import { type Draft, TOLERANCE } from "./draft";
import { familyOf, labelOf, parametersOf } from "./model";
import { areWhole, type FieldDraft } from "./table";

export interface Named {
  readonly sealed: string;
  /** 0x and 64 digits */
  readonly digest: string;
  readonly rows: number;
  /** How many of them only guide; 0: none. */
  readonly guidingRows: number;
  readonly capsuleCertificate: string;
  readonly scientistCertificate: string;
  readonly metric: string;
  /** "paillier" or "rlwe". */
  readonly scheme: string;
}

/** Degree of the ring under ring-LWE: the spec's "key_bits" there. */
const RING = 8192;

/** The spec's document; see docs/protocol.md. */
export function specOf(draft: Draft, start: number, named: Named): Json {
  const label = labelOf(draft);
  if (label === undefined) throw new RangeError("nothing is to be predicted");
  const inputs = draft.fields.filter((field) => field.use === "field");
  return {
    format: "openmined/spec/1",
    title: draft.title.trim(),
    description: draft.description.trim(),
    ...(draft.purpose === "unstated" ? {} : { purpose: draft.purpose }),
    input_schema: schemaOf(inputs.map((field) => [field.name, fieldSchema(field, false)])),
    output_schema: schemaOf([[label.name, fieldSchema(label, true)]]),
    algorithm: {
      family: familyOf(draft, label),
      parameters: parametersOf(draft) as Json,
      rule: { name: "gradient_descent", steps: Number(draft.trainingSteps), l2: 0.001, learning_rate: null, damping: 1 },
    },
    steps: [0.125, 0.25, 0.5, 1, 2],
    metric: named.metric,
    start_ppm: start,
    start_tolerance_ppm: TOLERANCE,
    validation: { sealed: named.sealed, digest: named.digest, rows: named.rows, ...(named.guidingRows > 0 ? { guiding_rows: named.guidingRows } : {}) },
    capsule_certificate: named.capsuleCertificate,
    scientist_certificate: named.scientistCertificate,
    auditor_certificate: null,
    initial: { kind: "zeros" },
    scheme: named.scheme,
    key_bits: named.scheme === "rlwe" ? RING : Number(draft.keyBits),
    privacy_floor: null,
    weight_bound: 8,
    difference_norm: 1000,
  };
}

function schemaOf(fields: readonly [string, Json][]): Json {
  const names = fields.map(([name]) => name);
  return { type: "object", properties: Object.fromEntries(fields), required: names, openmined: { fields: names } };
}

function fieldSchema(field: FieldDraft, label: boolean): Json {
  if (field.kind === "boolean") {
    return label ? { type: "boolean", enum: [false, true], openmined: { kind: "label" } } : { type: "boolean", openmined: { kind: "boolean" } };
  }
  if (field.kind === "category") {
    const whole = areWhole(field.values);
    return { type: whole ? "integer" : "string", enum: whole ? field.values.map(Number) : [...field.values], openmined: { kind: label ? "label" : "category" } };
  }
  const low = Number(field.low), high = Number(field.high);
  const numeric = { kind: label ? "label" : field.kind, clip: [low, high], encode: { center: (low + high) / 2, scale: (high - low) / 4 } };
  return { type: label ? "number" : field.kind, openmined: numeric };
}
