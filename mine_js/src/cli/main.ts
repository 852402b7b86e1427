/** `mine-agent-js`: the command line of a mine. Each command is loaded when it is asked for. */
import { NotInMineJsError, OpenMinedError } from "../errors.ts";
import { type CommandName, isCommand } from "./options/options.ts";
import { note, UsageError } from "./output.ts";

const COMMANDS: Readonly<Record<CommandName, (args: readonly string[]) => Promise<number | void>>> = {
  init: async (args) => (await import("./init.ts")).init(args),
  data: async (args) => (await import("./data/commands.ts")).data(args),
  campaigns: async (args) => (await import("./listings.ts")).campaigns(args),
  explain: async (args) => (await import("./deciding.ts")).explain(args),
  approve: async (args) => (await import("./deciding.ts")).say(args, "approved"),
  refuse: async (args) => (await import("./deciding.ts")).say(args, "refused"),
  pause: async (args) => (await import("./deciding.ts")).pause(args),
  resume: async (args) => (await import("./deciding.ts")).resume(args),
  run: async (args) => (await import("./run.ts")).run(args),
  earnings: async (args) => (await import("./earnings.ts")).earnings(args),
  claim: async (args) => (await import("./claim.ts")).claim(args),
  ledger: async (args) => (await import("./listings.ts")).ledger(args),
  policy: async (args) => (await import("./reports/policy.ts")).policy(args),
  status: async (args) => (await import("./reports/status.ts")).status(args),
  store: async (args) => (await import("./reports/store.ts")).store(args),
  doctor: async (args) => (await import("./doctor.ts")).doctor(args),
};

/** Runs a command line; its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (Number(process.versions.node.split(".")[0]) < 24) {
      throw new OpenMinedError(`this is Node.js ${process.versions.node}; Mine.js needs 24 or later`);
    }
    if (name === undefined || name === "--help") {
      process.stdout.write((await import("./options/help.ts")).helpOn());
      return name === undefined ? 2 : 0;
    }
    if (name === "--version") {
      const { readFile } = await import("node:fs/promises");
      const found = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
      process.stdout.write(`${found.version}\n`);
      return 0;
    }
    if (name === "ui") throw new NotInMineJsError("the Mine UI is served by mine-agent: run mine-agent ui on the same home; mine-agent-js status, campaigns, earnings and policy say the same here");
    if (!isCommand(name)) throw new UsageError(`there is no command '${name}'; choose one of ${Object.keys(COMMANDS).join(", ")}`);
    if (rest.includes("--help")) {
      process.stdout.write((await import("./options/help.ts")).helpOn(name));
      return 0;
    }
    return (await COMMANDS[name](rest)) ?? 0;
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
