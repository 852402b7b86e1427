/** A campaign's spec, as far as pages show it. Strangers wrote it: every part is checked before it is used. */
import useSWR, { type SWRResponse } from "swr";

import { askBytes } from "../../shared/http";
import { API } from "../api";

export interface SpecField {
  readonly name: string;
  /** number, integer, boolean, category */
  readonly kind: string;
  readonly clip: readonly [number, number] | null;
  readonly values: readonly string[];
  readonly unit: string;
}

export interface Spec {
  readonly title: string;
  readonly description: string;
  readonly fields: readonly SpecField[];
  readonly label: SpecField;
  readonly family: string;
  readonly scheme: string;
  readonly keyBits: number;
  readonly metric: string;
  readonly rows: number;
  readonly sealed: string;
  readonly capsuleCertificate: string;
  readonly scientistCertificate: string;
  readonly privacyFloor: { readonly epsilon: number; readonly delta: number } | null;
}

export class SpecError extends Error {}

/** The spec of that name; it never changes, so it is asked for once. */
export function useSpec(cid: string | null): SWRResponse<Spec, Error> {
  return useSWR<Spec, Error>(
    cid === null ? null : `${API}/artifacts/${cid}`,
    async (path: string) => readSpec(await askBytes(path)),
    { revalidateOnFocus: false, revalidateIfStale: false },
  );
}

/** The spec in these bytes. SpecError if they are none. */
export function readSpec(bytes: Uint8Array): Spec {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new SpecError("What the chain names as the spec of this campaign is not one.");
  }
  const spec = new Part(document);
  const input = spec.part("input_schema"), output = spec.part("output_schema");
  const label = fieldsOf(output)[0];
  if (label === undefined) throw new SpecError("The spec names nothing to predict.");
  const floor = spec.part("privacy_floor");
  return {
    title: spec.text("title"),
    description: spec.text("description"),
    fields: fieldsOf(input),
    label,
    family: spec.part("algorithm").text("family"),
    scheme: spec.text("scheme"),
    keyBits: spec.number("key_bits"),
    metric: spec.text("metric"),
    rows: spec.part("validation").number("rows"),
    sealed: spec.part("validation").text("sealed"),
    capsuleCertificate: spec.text("capsule_certificate"),
    scientistCertificate: spec.text("scientist_certificate"),
    privacyFloor: floor.given ? { epsilon: floor.number("epsilon"), delta: floor.number("delta") } : null,
  };
}

function fieldsOf(schema: Part): SpecField[] {
  const properties = schema.part("properties");
  return schema.part("openmined").texts("fields").map((name) => {
    const field = properties.part(name), own = field.part("openmined");
    const [low, high] = own.numbers("clip");
    return {
      name,
      kind: own.text("kind") === "label" && !field.has("enum") ? "number" : own.text("kind"),
      clip: low === undefined || high === undefined ? null : [low, high],
      values: field.texts("enum"),
      unit: own.text("unit"),
    };
  });
}

/** A part of a document of unknown shape; what is missing or of another type is empty. */
class Part {
  private readonly values: Readonly<Record<string, unknown>>;
  readonly given: boolean;

  constructor(value: unknown) {
    this.given = typeof value === "object" && value !== null && !Array.isArray(value);
    this.values = this.given ? (value as Record<string, unknown>) : {};
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name);
  }

  private at(name: string): unknown {
    return this.has(name) ? this.values[name] : undefined;
  }

  part(name: string): Part {
    return new Part(this.at(name));
  }

  text(name: string): string {
    const value = this.at(name);
    return typeof value === "string" ? value : "";
  }

  number(name: string): number {
    const value = this.at(name);
    return typeof value === "number" ? value : 0;
  }

  texts(name: string): string[] {
    const value = this.at(name);
    return Array.isArray(value) ? value.filter((one) => ["string", "number", "boolean"].includes(typeof one)).map(String) : [];
  }

  numbers(name: string): number[] {
    const value = this.at(name);
    return Array.isArray(value) ? value.filter((one): one is number => typeof one === "number") : [];
  }
}
