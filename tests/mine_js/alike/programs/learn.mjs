/**
 * Answers questions of the tests, a JSON document on each line: the affine map that Mine.js makes of registered data, or
 * of a release, for a spec, and the plaintext gradient from given weights.
 */
import { Spec } from "../../../../mine_js/dist/artifacts/spec.js";
import { NoisedSums, ReleasedProblem } from "../../../../mine_js/dist/privacy/released.js";
import { fromHex } from "../../../../mine_js/dist/protocol/bytes.js";
import { cborMap } from "../../../../mine_js/dist/protocol/cbor.js";
import { Layout } from "../../../../mine_js/dist/syft/paillier/layout.js";
import { fixedVisit } from "../../../../mine_js/dist/syft/paillier/paillier.js";
import { Rows } from "../../../../mine_js/dist/syft/row_batches.js";
import { RowSums } from "../../../../mine_js/dist/syft/sums.js";
import { answerAll } from "./answering.mjs";
import { eachRecord } from "./reading.mjs";

const hex = (text) => fromHex(`0x${text}`);

async function problemOf(spec, family, { home, name, release }) {
  if (release !== undefined) {
    const octets = { triangle: hex(release.triangle), pulls: hex(release.pulls) };
    return new ReleasedProblem(NoisedSums.fromFields(cborMap({ ...release, ...octets })), family);
  }
  const gathered = spec.rule.needsRows ? new Rows(family) : new RowSums(family);
  await eachRecord({ home, name }, spec.schema, (features, label) => gathered.add(family.seen(features, label)));
  return gathered;
}

async function answer(question) {
  const spec = Spec.parse(new TextEncoder().encode(question.spec));
  const family = spec.familyFor(hex(question.campaign));
  const { A, c } = spec.rule.visit(await problemOf(spec, family, question));
  const layout = Layout.choose(family.rows, family.nOutputs, 2048, question.bound);
  const { matrix, offsets } = fixedVisit({ A, c }, layout, BigInt(question.bound) << 22n);
  const [d, k] = [family.rows, family.nOutputs];
  const gradient = offsets.map((offset, place) => {
    const [row, column] = [Math.floor(place / k), place % k];
    return question.weights.reduce((sum, weights, j) => sum + BigInt(matrix[row * d + j]) * BigInt(weights[column]), offset).toString();
  });
  return { A: [...A.data], c: [...c.data], gradient };
}

await answerAll(answer);
