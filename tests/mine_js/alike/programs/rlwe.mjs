/** Trains a model under ring-LWE: a JSON document on standard input, the fields of the gradient as hexadecimal on standard output. */
import { readRlweKey, readRlweModel, rlweGradient } from "../../../../mine_js/dist/artifacts/wire_rlwe.js";
import { fromHex, toHex } from "../../../../mine_js/dist/protocol/bytes.js";
import { dumpsCbor } from "../../../../mine_js/dist/protocol/cbor.js";
import { AffineMap } from "../../../../mine_js/dist/syft/affine.js";
import { Matrix } from "../../../../mine_js/dist/syft/matrix.js";
import { trainRlwe } from "../../../../mine_js/dist/syft/rlwe/rlwe.js";

let text = "";
for await (const part of process.stdin) text += part;
const { model, key, A, c } = JSON.parse(text);
const map = new AffineMap(Matrix.from(A), Matrix.from(c));
const gradient = trainRlwe(readRlweModel(fromHex(model)), readRlweKey(fromHex(key)), map);
process.stdout.write(toHex(dumpsCbor(rlweGradient(gradient).fields)));
