/** `mine-agent-js`: the command line of a mine. Each command is loaded when it is asked for. */
import { OpenMinedError } from "../errors.ts";
import { note, UsageError } from "./output.ts";

const HELP = `Usage: mine-agent-js COMMAND [OPTIONS]

Let models learn from your data without giving the data away, and be paid when they get better. The same mine as
mine-agent, on the same home directory (never both at once).

Commands:
  init        make a home directory: settings, an account, your first rules
  data        add | list | remove: which CSV files models may learn from
  campaigns   what is open, what it pays, whether your data fit and what your rules say
  run         work for every open campaign that fits; --once for one round
  earnings    what was submitted, earned and spent
  claim       claim everything that campaigns owe now
  ledger      what was spent of the privacy budget
  doctor      look at everything that a mine needs

Options of all: --home DIRECTORY, --format table|json; where keys are opened --passphrase-file FILE, else the variable
OPENMINED_PASSPHRASE. The options of each command are those of mine-agent: mine-agent COMMAND --help

Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 chain or store cannot be reached.
`;

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number | void>>> = {
  init: async (args) => (await import("./init.ts")).init(args),
  data: async (args) => (await import("./data.ts")).data(args),
  campaigns: async (args) => (await import("./listings.ts")).campaigns(args),
  earnings: async (args) => (await import("./listings.ts")).earnings(args),
  ledger: async (args) => (await import("./listings.ts")).ledger(args),
  run: async (args) => (await import("./run.ts")).run(args),
  claim: async (args) => (await import("./run.ts")).claim(args),
  doctor: async (args) => (await import("./doctor.ts")).doctor(args),
};

/** Runs a command line; its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (Number(process.versions.node.split(".")[0]) < 24) {
      throw new OpenMinedError(`this is Node.js ${process.versions.node}; Mine.js needs 24 or later`);
    }
    if (name === undefined || name === "--help" || rest.includes("--help")) {
      process.stdout.write(HELP);
      return name === undefined ? 2 : 0;
    }
    if (name === "--version") {
      const { readFile } = await import("node:fs/promises");
      const found = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
      process.stdout.write(`${found.version}\n`);
      return 0;
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new UsageError(`there is no command '${name}'; choose one of ${Object.keys(COMMANDS).join(", ")}`);
    return (await command(rest)) ?? 0;
  } catch (error) {
    if (error instanceof OpenMinedError) {
      note(`error: ${error.message}`);
      return error.exitCode;
    }
    if (process.env["OPENMINED_DEBUG"] !== undefined) throw error;
    const { placeOf } = await import("../work/agent.ts");
    note(`error: a fault in the program: ${placeOf(error)}; please report it (OPENMINED_DEBUG=1 shows the full trace)`);
    return 1;
  }
}
