/** The records that Mine.js makes of registered data, for the programs that the tests ask. */
import { DataShelf, whileUnchanged } from "../../../../mine_js/dist/data/datasets.js";
import { writtenIn } from "../../../../mine_js/dist/data/notations.js";
import { readRecords } from "../../../../mine_js/dist/data/reading.js";

/** Hands each record's encoded inputs and label to `take`; the data set. */
export async function eachRecord({ home, name }, schema, take) {
  const data = new DataShelf(home).get(name);
  await whileUnchanged(data, async (source) => {
    for await (const values of readRecords(source, schema, await writtenIn(data, source, schema.columns), data.unusable)) {
      take(schema.encode(values), schema.encodeLabel(values.at(-1)));
    }
  });
  return data;
}
