/**
 * The name of a release: what a model sees of a data set, in public words and the owner's. No record has a part in it,
 * else two campaigns that share a release would show that no record tells them apart.
 */
import { recordClip } from "../artifacts/record_clip.ts";
import type { Spec } from "../artifacts/spec.ts";
import { toHex, utf8 } from "../protocol/bytes.ts";
import { dumpsJson, isObject } from "../protocol/canonical_json.ts";
import { sha256 } from "../protocol/cid.ts";
import type { LinearFamily } from "../syft/family.ts";
import { floatToHex } from "./float_hex.ts";
import type { Fraction } from "./fraction.ts";

const FORMAT = "openmined/privacy-release/2";
const WORDS: readonly string[] = ["$schema", "title", "description"];

/** In hexadecimal; `registration`: the secret of the data's; `mapping`: its text, null for none. */
export function releaseKey(spec: Spec, campaign: string, family: LinearFamily, rho: Fraction, registration: string, mapping: string | null): string {
  const clip = recordClip(spec.schema, family);
  const document = {
    format: FORMAT, input_schema: withoutWords(spec.inputSchema), output_schema: withoutWords(spec.outputSchema),
    features: spec.features === null ? null : { map: spec.features, seed: campaign },
    clip: [floatToHex(clip.inputs), floatToHex(clip.targets)], rho: rho.toString(), shape: [family.rows, family.nOutputs], registration,
    mapping: mapping === null ? null : toHex(sha256(utf8(mapping))),
  };
  return toHex(sha256(dumpsJson(document)));
}

/** A schema without what is there for people. */
function withoutWords(document: unknown): Record<string, unknown> {
  const made = plain(document);
  const fields = isObject(made["properties"]) ? made["properties"] : {};
  return { ...made, properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, plain(field)])) };
}

function plain(document: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(isObject(document) ? document : {}).filter(([key]) => !WORDS.includes(key)));
}
