/** Answers questions of the tests, a JSON document on each line: what records Mine.js makes of registered data. */
import { whileUnchanged, DataShelf } from "../../../mine_js/dist/data/datasets.js";
import { readRecords } from "../../../mine_js/dist/data/reading.js";
import { writtenIn } from "../../../mine_js/dist/data/notations.js";
import { Schema } from "../../../mine_js/dist/schema/schema.js";
import { answerAll } from "./answering.mjs";

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

await answerAll(answer);
