/** What models of both schemes have in common: how they are opened, and what of them spec, chain and key have said before. */
import { sameBytes, toHex } from "../protocol/bytes.ts";
import { ArtifactError, Said } from "./errors.ts";
import { type Fields, MAX_BYTES, readCbor } from "./fields.ts";

/** A model of either scheme, as far as it is checked alike. */
export interface SaidModel {
  readonly fingerprint: Uint8Array;
  readonly version: number;
  readonly weightLimit: bigint;
  readonly layout: { readonly numbers: { readonly rows: number; readonly columns: number }; toString(): string };
}

/** The scheme's own fields of a model. Raises ArtifactError for another scheme. */
export function modelFields(data: Uint8Array, scheme: string): Fields {
  const outer = readCbor("model", 1, data, MAX_BYTES.model);
  outer.oneOf("scheme", [scheme]);
  const fields = outer.inner("model");
  outer.finish();
  return fields;
}

/** Whether the model is under the campaign's key, of the version on chain and of the spec's shape (rows d, the bias counted, and columns k). */
export function requireAsSaid(
  model: SaidModel, said: { readonly fingerprint: Uint8Array; readonly version: number; readonly rows: number; readonly columns: number },
): void {
  const { rows, columns } = model.layout.numbers;
  if (!sameBytes(model.fingerprint, said.fingerprint)) {
    throw new ArtifactError("model", "key_fingerprint", toHex(model.fingerprint), toHex(said.fingerprint));
  }
  if (model.version !== said.version) refuse("version", String(model.version), String(said.version));
  if (rows !== said.rows || columns !== said.columns) refuse("shape", `(${rows}, ${columns})`, `(${said.rows}, ${said.columns})`);
}

/** Whether no weight is declared beyond the bound (`most`, in fixed point), in the layout that everybody chooses. */
export function requireDeclared(model: SaidModel, most: number | bigint, isUsual: boolean, usual: { toString(): string }): void {
  if (model.weightLimit > BigInt(most)) refuse("weight_limit", String(model.weightLimit), `at most ${most}`);
  if (!isUsual) refuse("layout", model.layout.toString(), usual.toString());
}

function refuse(field: string, found: string, expected: string): never {
  throw new ArtifactError("model", field, new Said(found), expected);
}
