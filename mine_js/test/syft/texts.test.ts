import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf } from "../../src/syft/text/folding.ts";
import { HashedText } from "../../src/syft/text/hashed_text.ts";
import { vectors } from "../vectors.ts";

interface Known {
  readonly texts: readonly string[];
  readonly words: readonly (readonly string[])[];
  readonly rows: readonly {
    readonly field: { readonly columns: number; readonly words: number; readonly characters: readonly [number, number] | null; readonly seed: string };
    readonly columns: readonly (readonly number[])[];
    readonly values: readonly (readonly number[])[];
  }[];
}

test("texts have the words and the rows of the vectors, bit for bit", () => {
  const { texts, words, rows } = vectors<Known>("texts.json");
  for (const [place, text] of texts.entries()) assert.deepEqual(wordsOf(text), words[place], text);
  for (const { field, columns, values } of rows) {
    const hashing = new HashedText(field.columns, field.words, field.characters, field.seed);
    for (const [place, text] of texts.entries()) {
      const expected = new Float64Array(field.columns + 2).fill(0);
      (columns[place] ?? []).forEach((column, at) => (expected[column + 1] = values[place]?.[at] ?? NaN));
      const made = new Float64Array(field.columns + 2);
      hashing.transform(text, made, 1);
      assert.deepEqual(made, expected, text);
    }
  }
});
