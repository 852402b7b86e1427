import { expect, test } from "vitest";

import type { Campaign, Rule } from "../api";
import { changesOf, grouped, offersFor, titleOf, valueOf } from "./rules";

function rule(name: string, kind: Rule["kind"], value: Rule["value"]): Rule {
  return { rule: name, kind, value, default: value, expected: "", about: "", choices: [] };
}

const RULES = [rule("scientists", "list", []), rule("margin", "number", 0.5), rule("submissions", "whole", 50), rule("ask_first", "flag", false), rule("new_rule", "text", "x")];

test("only what differs is changed, and numbers are numbers", () => {
  expect(changesOf(RULES, {})).toEqual({});
  expect(changesOf(RULES, { scientists: ["", " "], margin: "0,5", submissions: "50", ask_first: false })).toEqual({});
  expect(changesOf(RULES, { scientists: ["any"], margin: "1", ask_first: true })).toEqual({ scientists: ["any"], margin: 1, ask_first: true });
});

test("what is not a number goes to the server as it is, so that it can say what is wrong", () => {
  for (const text of ["", "x", "1e999", "NaN"]) expect(valueOf(rule("margin", "number", 0), text)).toBe(text);
});

test("every rule stands in one group, those that have no name of their own under More", () => {
  const found = grouped(RULES);
  expect(found.flatMap(([, rules]) => rules).length).toBe(RULES.length);
  expect(found.at(-1)).toEqual(["More", [RULES[4]]]);
  expect(titleOf("new_rule")).toBe("new_rule");
});

test("what open campaigns need is offered once", () => {
  const campaign = { scientist: "0xabc", capsule: "0xdef", asset: `0x${"0".repeat(40)}`, fields: ["a", "b"], title: "Colours" } as unknown as Campaign;
  expect(offersFor("fields", [campaign, campaign], []).map((offer) => offer.value)).toEqual(["a", "b"]);
  expect(offersFor("scientists", [campaign], [])[0]?.name).toContain("Colours");
  expect(offersFor("assets", [campaign], []).map((offer) => offer.value)).toEqual(["ether"]);
  expect(offersFor("data_sets", [], ["own"]).map((offer) => offer.value)).toEqual(["own"]);
});
