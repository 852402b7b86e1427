import assert from "node:assert/strict";
import { test } from "node:test";
import { helpOn } from "../src/cli/options/help.ts";
import { isCommand, MAP_OPTIONS, OPTIONS } from "../src/cli/options/options.ts";

test("the help of each command is its own, and names every option that it takes", () => {
  for (const [name, options] of Object.entries(OPTIONS)) {
    assert.ok(isCommand(name));
    const page = helpOn(name);
    assert.ok(page.startsWith(`Usage: mine-agent-js ${name} `), name);
    for (const option of Object.keys(options)) assert.match(page, new RegExp(`--${option}\\b(?!-)`), `${name} --help does not name --${option}`);
  }
});

test("the help of each command names no option that it does not take", () => {
  for (const [name, options] of Object.entries(OPTIONS)) {
    if (!isCommand(name)) continue;
    const all = name === "data" ? { ...options, ...MAP_OPTIONS } : options;
    const own = helpOn(name).split("\nOptions:\n")[1] ?? "";
    for (const [, named] of own.matchAll(/^ {2}--([a-z-]+)/gm)) assert.ok(Object.hasOwn(all, named ?? ""), `${name} --help names --${named}`);
  }
});

test("the general help names every command", () => {
  for (const name of Object.keys(OPTIONS)) assert.match(helpOn(), new RegExp(`^  ${name} `, "m"));
});
