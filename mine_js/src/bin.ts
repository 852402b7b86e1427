#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { main } from "./cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
// A fetch or a child may still hold the process; what was to be said is said.
process.stdout.write("", () => process.exit());
