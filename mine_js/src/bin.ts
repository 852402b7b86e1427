#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { main } from "./cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
// A fetch or a child may still hold the process (nodejs/node#54918): it ends once both pipes have taken what was to be said.
process.stdout.write("", () => process.stderr.write("", () => process.exit()));
