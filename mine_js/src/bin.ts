#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=4
import { main } from "./cli/main.ts";
import { end } from "./cli/output.ts";

const code = await main(process.argv.slice(2));
// Once both pipes have taken what was to be said, whatever a fetch or a child still holds open.
process.stdout.write("", () => process.stderr.write("", () => end(code)));
