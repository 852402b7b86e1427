/** Answers questions of the tests, a JSON document on each line: what Mine.js decides from these rules and facts. */
import { factsFromJson, factsToJson } from "../../../../mine_js/dist/home/decisions.js";
import { parsePolicy } from "../../../../mine_js/dist/home/policy.js";
import { decide } from "../../../../mine_js/dist/rules/decisions.js";
import { answerAll } from "./answering.mjs";

await answerAll(({ rules, facts }) => {
  const read = factsFromJson(facts);
  if (read === undefined) return { fault: "the facts cannot be read" };
  const { answer, reasons, checks } = decide(parsePolicy(rules, "the rules"), read);
  return { answer, reasons, checks, facts: factsToJson(read) };
});
