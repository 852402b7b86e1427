/** Answers questions of the tests, a JSON document on each line: what records Mine.js makes of registered data. */
import { Schema } from "../../../../mine_js/dist/schema/schema.js";
import { answerAll } from "./answering.mjs";
import { eachRecord } from "./reading.mjs";

await answerAll(async ({ inputs, output, ...place }) => {
  const [encoded, labels] = [[], []];
  const { digest } = await eachRecord(place, new Schema(inputs, output), (features, label) => {
    encoded.push([...features]);
    labels.push(label);
  });
  return { digest, encoded, labels };
});
