/** A visit of Mine.js for each line on standard input: seconds of the encrypted training, as a line on standard output. */
import { createInterface } from "node:readline";
import { readModel, readPublicKey, requireScheme } from "../../mine_js/dist/artifacts/wire.js";
import { fromHex } from "../../mine_js/dist/protocol/bytes.js";
import { AffineMap } from "../../mine_js/dist/syft/affine.js";
import { Matrix } from "../../mine_js/dist/syft/matrix.js";
import { train } from "../../mine_js/dist/syft/paillier/paillier.js";

requireScheme("paillier");
let [model, key, map] = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "") {
    const given = JSON.parse(line);
    [model, key] = [readModel(fromHex(given.model)), readPublicKey(fromHex(given.key))];
    map = new AffineMap(Matrix.from(given.A), Matrix.from(given.c));
  }
  const began = process.cpuUsage();
  train(model, key, map);
  const { user, system } = process.cpuUsage(began);
  process.stdout.write(`${(user + system) / 1e6}\n`);
}
