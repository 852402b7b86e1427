/** `init`: a home directory with settings, an account and the owner's first rules. */
import { chmodSync, existsSync, readdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Node } from "../chain/node/node.ts";
import { createKeyfile, openKeyfile } from "../chain/signer.ts";
import { Sonar } from "../chain/sonar.ts";
import { HomeError, makePrivateDirectory, requirePrivate } from "../home/files.ts";
import { Home } from "../home/home.ts";
import { firstPolicy, writeFirstPolicy } from "../home/policy.ts";
import { defaultHome, expandHome, keyfilePath, newSettings, saveSettings } from "../home/settings.ts";
import { DEFAULTS } from "../privacy/budget.ts";
import { format, type Given, homePath, number, OPTIONS, parse, passphrase, readDeployment, text, texts } from "./options/options.ts";
import { note, printRecord, UsageError, warn } from "./output.ts";

export async function init(args: readonly string[]): Promise<void> {
  const { given } = parse(args, OPTIONS.init);
  const [path, form] = [homePath(given), format(given)];
  const privacy = text(given, "privacy") ?? "differential";
  if (given["allow-networks"] === true && privacy === "differential") {
    throw new UsageError(
      "networks learn only where no budget bounds what they tell of a single record: give --privacy none as well, or leave --allow-networks out",
    );
  }
  if (Home.exists(path)) throw new HomeError(`${path} is already the home of a mine; choose another --home, or use it as it is`);
  if (existsSync(path) && statSync(path).isDirectory() && readdirSync(path).length === 0) chmodSync(path, 0o700);
  requirePrivate(path);
  const rules = firstPolicy({
    scientists: texts(given, "allow-scientist"), capsules: texts(given, "allow-capsule"), fields: texts(given, "allow-field"),
    networks: given["allow-networks"] === true, privacy, minimum_reward: text(given, "minimum-reward") ?? "0",
    maximum_stake: text(given, "maximum-stake") ?? "0.1 ether", privacy_budget: number(given, "privacy-budget", DEFAULTS.epsilon),
    privacy_price: number(given, "privacy-price", DEFAULTS.price), privacy_delta: number(given, "privacy-delta", DEFAULTS.delta),
  });
  const own = text(given, "keyfile");
  const keyfile = own === undefined ? "keyfile.json" : resolve(expandHome(own));
  const place = await findPlace(given);
  const chosen = newSettings({ ...place, keyfile }); // an unusable value is refused before anything is made
  const secret = passphrase(given, own === undefined ? "the new keys" : `the keyfile ${keyfile}`);
  makePrivateDirectory(path);
  const file = keyfilePath(path, chosen.settings.keyfile);
  if (own === undefined && !existsSync(file)) await createKeyfile(file, secret);
  const signer = await openKeyfile(file, secret);
  const { values } = newSettings({ ...place, keyfile, account: signer.address });
  const home = { path, policyFile: `${path}/policy.toml` };
  if (!existsSync(home.policyFile)) writeFirstPolicy(path, rules);
  saveSettings(path, values); // last: what a crash leaves before is never taken for a home
  printRecord({ address: signer.address, home: path, policy: home.policyFile }, { address: "Account", home: "Home", policy: "Rules" }, form);
  if (privacy !== "differential") warn("gradients will leave without noise: from two of them a single record can be worked out");
  const undecided = ["allow-scientist", "allow-capsule", "allow-field"].filter((option) => texts(given, option).length === 0).map((option) => `--${option}`);
  if (undecided.length > 0) note(`no campaign will be joined yet: ${undecided.join(", ")} not given; edit ${home.policyFile}`);
  note("next: send some ether to the account, then `mine-agent-js data add NAME FILE.csv` and `mine-agent-js run`");
}

/** The first settings, as the options say them: from the deployment's manifest or, for an address, from the node. */
async function findPlace(given: Given): Promise<Record<string, unknown>> {
  const rpc = texts(given, "rpc").length > 0 ? texts(given, "rpc") : ["http://127.0.0.1:8545"];
  const [contract, deployment] = [text(given, "contract"), text(given, "deployment")];
  const whole = (name: string, usual: number): bigint | number => {
    const value = number(given, name, usual);
    return Number.isInteger(value) ? BigInt(value) : value;
  };
  const rest = {
    rpc: rpc.length === 1 ? (rpc[0] ?? "") : rpc, store: text(given, "store") ?? `embedded:${defaultHome("store")}`,
    confirmations: whole("confirmations", 12), poll_seconds: number(given, "poll-seconds", 2),
  };
  if (deployment !== undefined && contract === undefined) {
    const manifest = readDeployment(deployment);
    return {
      ...rest, chain_id: BigInt(manifest.chainId), contract: manifest.address, contract_version: BigInt(manifest.version),
      start_block: whole("start-block", manifest.block),
    };
  }
  if (contract === undefined || deployment !== undefined) throw new UsageError("give one of --contract and --deployment");
  const node = new Node(rpc);
  const chainId = await node.chainId();
  const sonar = await Sonar.open(node, contract, chainId, 0);
  return { ...rest, chain_id: BigInt(chainId), contract: sonar.address, contract_version: BigInt(sonar.version), start_block: whole("start-block", 0) };
}
