/** Answers questions of the tests, a JSON document on each line, until there are no more. */
import { createInterface } from "node:readline";
import { OpenMinedError } from "../../../../mine_js/dist/errors.js";

export async function answerAll(answer) {
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
}
