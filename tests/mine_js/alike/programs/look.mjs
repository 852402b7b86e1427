/** Answers questions of the tests, a JSON document on each line: what Mine.js sees in data, without registering them. */
import { DataShelf } from "../../../../mine_js/dist/data/datasets.js";
import { Fraction } from "../../../../mine_js/dist/privacy/fraction.js";
import { answerAll } from "./answering.mjs";

await answerAll(async ({ home, location, options = {} }) => {
  const { data, seen } = await new DataShelf(home).look("own", location, options, null, new Fraction(1n));
  return { kind: data.kind, rows: data.rows, digest: data.digest, columns: seen.columns, faults: seen.faults, first_fault: seen.firstFault };
});
