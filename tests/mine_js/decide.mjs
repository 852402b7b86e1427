/** Answers questions of the tests, a JSON document on each line: what Mine.js decides from these rules and facts. */
import { createInterface } from "node:readline";
import { factsFromJson, factsToJson } from "../../mine_js/dist/home/decisions.js";
import { parsePolicy } from "../../mine_js/dist/home/policy.js";
import { decide } from "../../mine_js/dist/rules/decisions.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { rules, facts } = JSON.parse(line);
  const read = factsFromJson(facts);
  if (read === undefined) {
    process.stdout.write(`${JSON.stringify({ fault: "the facts cannot be read" })}\n`);
    continue;
  }
  const { answer, reasons, checks } = decide(parsePolicy(rules, "the rules"), read);
  process.stdout.write(`${JSON.stringify({ answer, reasons, checks, facts: factsToJson(read) })}\n`);
}
