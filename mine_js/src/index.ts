/**
 * Mine.js as a library: what the command line is made of.
 *
 * ```ts
 * import { Agent, Connection, Home, openKeyfile } from "@openmined/mine";
 *
 * const connection = await Connection.open(Home.open("/path/to/home"));
 * const signer = await openKeyfile(connection.home.keyfile, passphrase);
 * const agent = new Agent(connection, connection.outbox(signer), (happening) => console.log(happening.sentence));
 * await agent.round();
 * ```
 */
export { openKeyfile, type Signer } from "./chain/signer.ts";
export type { CampaignRecord } from "./chain/sonar.ts";
export { type ExitCode, OpenMinedError } from "./errors.ts";
export { withHomeLock } from "./home/files.ts";
export { Home } from "./home/home.ts";
export { Agent } from "./work/agent.ts";
export { Connection } from "./work/connection.ts";
export type { Happening, Tell } from "./work/happenings.ts";
