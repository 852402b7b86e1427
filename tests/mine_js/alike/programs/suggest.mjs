/**
 * Answers questions of the tests, a JSON document on each line: the mapping that Mine.js suggests for registered data, or what it
 * understands of names, or how alike it takes two texts to be.
 */
import { DataShelf } from "../../../../mine_js/dist/data/datasets.js";
import { alikeness } from "../../../../mine_js/dist/data/suggesting/alike.js";
import { asToml, doubtsOf, suggest } from "../../../../mine_js/dist/data/suggesting/suggesting.js";
import { factorsOf, unitIn } from "../../../../mine_js/dist/data/suggesting/units.js";
import { isNegated, meanings, statistic, tokens } from "../../../../mine_js/dist/data/suggesting/words.js";
import { suggestionRow } from "../../../../mine_js/dist/cli/data/mapping.js";
import { Schema } from "../../../../mine_js/dist/schema/schema.js";
import { pythonText } from "../../../../mine_js/dist/wording.js";
import { answerAll } from "./answering.mjs";

function understood(name) {
  const unit = unitIn(name);
  const factors = unit && factorsOf(unit, null);
  return {
    tokens: tokens(name), meanings: [...meanings(name)].sort(), statistic: statistic(name), negated: isNegated(name), shown: pythonText(name),
    unit: unit && { dimension: unit.dimension, size: unit.size, word: unit.word, factors },
  };
}

await answerAll(async ({ names, texts, home, name, inputs, output }) => {
  if (names !== undefined) return names.map(understood);
  if (texts !== undefined) return texts.map(([one, other]) => alikeness(one, other));
  const shelf = new DataShelf(home);
  const made = suggest(new Schema(inputs, output), await shelf.seen(shelf.get(name)));
  return { rows: made.map(suggestionRow), toml: asToml(made), doubts: doubtsOf(made) };
});
