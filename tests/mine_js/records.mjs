/** Answers questions of the tests, a JSON document on each line: what records Mine.js makes of registered data. */
import { createInterface } from "node:readline";
import { whileUnchanged, DataShelf } from "../../mine_js/dist/data/datasets.js";
import { readRecords } from "../../mine_js/dist/data/reading.js";
import { writtenIn } from "../../mine_js/dist/data/notations.js";
import { OpenMinedError } from "../../mine_js/dist/errors.js";
import { Schema } from "../../mine_js/dist/schema/schema.js";

async function answer({ home, name, inputs, output }) {
  const data = new DataShelf(home).get(name);
  const schema = new Schema(inputs, output);
  const [encoded, labels] = [[], []];
  await whileUnchanged(data, async (source) => {
    for await (const values of readRecords(source, schema, await writtenIn(data, source, schema.columns), data.unusable)) {
      encoded.push([...schema.encode(values)]);
      labels.push(schema.encodeLabel(values.at(-1)));
    }
  });
  return { digest: data.digest, encoded, labels };
}

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = await answer(JSON.parse(line));
  } catch (error) {
    if (!(error instanceof OpenMinedError)) throw error;
    told = { error: error.name, says: error.message };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
