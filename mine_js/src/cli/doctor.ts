/** `doctor`: looks at everything a mine depends on and says what works, what fails, and what to do about it. */
import { NodeError } from "../chain/errors.ts";
import { priceNow } from "../chain/fees.ts";
import { Node } from "../chain/node/node.ts";
import { openKeyfile } from "../chain/signer.ts";
import { Sonar } from "../chain/sonar.ts";
import { renewed } from "../data/datasets.ts";
import { OpenMinedError } from "../errors.ts";
import { Home } from "../home/home.ts";
import { aboutWei } from "../protocol/amounts.ts";
import { utf8 } from "../protocol/bytes.ts";
import { openStore } from "../store/locations.ts";
import { cidOf } from "../store/unixfs.ts";
import { Fast, Judge } from "../syft/paillier/modular.ts";
import { general } from "../wording.ts";
import { seconds, SUBMIT_GAS } from "../work/offers.ts";
import { format, type Given, homePath, OPTIONS, parse, passphrase } from "./options/options.ts";
import { printRows, type Row } from "./output.ts";

const PROBE = "mine-agent doctor";
const MOST_BEHIND = 15 * 60;
const MOST_AHEAD = 2 * 60;

class TroubleError extends OpenMinedError {}

export async function doctor(args: readonly string[]): Promise<number> {
  const { given } = parse(args, OPTIONS.doctor);
  const findings = await examine(given);
  const ok = (value: unknown): string => (value === true ? "ok" : "FAILS");
  printRows(findings, { check: "check", ok: "ok", found: "found", advice: "what to do" }, format(given), { ok });
  return findings.every((finding) => finding["ok"] === true) ? 0 : 1;
}

async function examine(given: Given): Promise<Row[]> {
  const findings: Row[] = [];
  const check = async (name: string, look: () => string | Promise<string>, advice: string): Promise<boolean> => {
    try {
      findings.push({ check: name, ok: true, found: await look(), advice: null });
      return true;
    } catch (error) {
      if (!(error instanceof OpenMinedError)) throw error;
      // What it asked of the node is neither right nor wrong.
      const what = error instanceof NodeError && name !== "node" ? "look at the node, and try again" : advice;
      findings.push({ check: name, ok: false, found: error.message, advice: what });
      return false;
    }
  };
  await check("node.js", () => process.version, "install Node.js 24 or later");
  await check("arithmetic", arithmetic, "use a Node.js with OpenSSL");
  let home: Home | undefined;
  const isHome = await check("home", () => (home = Home.open(homePath(given))).path, "run `mine-agent-js init`, or name the right --home");
  if (!isHome || home === undefined) return findings;
  const opened = home;
  const { rpc, chainId, contract, contractVersion, store } = opened.settings;
  const node = new Node(rpc);
  const isPolicy = await check("policy", () => policy(opened), `edit ${opened.policyFile}`);
  await check(
    "keyfile",
    async () => {
      const { address } = await openKeyfile(opened.keyfile, passphrase(given, opened.keyfile));
      if (address !== opened.address) throw new TroubleError(`the keyfile says it is for ${opened.address}, but holds the key of ${address}`);
      return address;
    },
    "give the passphrase that the keyfile was made with",
  );
  const isNode = await check(
    "node",
    async () => {
      const found = await node.chainId();
      if (found !== chainId) throw new TroubleError(`it serves chain ${found}, expected chain ${chainId}`);
      return `chain ${chainId}, block ${await node.blockNumber()}`;
    },
    "start the node, or correct `rpc` and `chain_id` in settings.toml",
  );
  if (isNode) { // a node that is away is one cause, said once
    const sonar = async (): Promise<string> => {
      const { address, version } = await Sonar.open(node, contract, chainId, contractVersion);
      return `Sonar at ${address}, version ${version}`;
    };
    await check("contract", sonar, "correct `contract` in settings.toml");
    await check("clock", () => clock(node), "set this machine's clock, or look whether the node is in sync");
    await check("balance", () => balance(node, opened.address), "send ether to the account");
  }
  await check("store", () => probe(store), "correct `store` in settings.toml, or start the IPFS daemon");
  if (isPolicy || isRead(opened)) {
    await check("privacy", () => privacy(opened), "see `mine-agent-js ledger`, and privacy in policy.toml");
    await check("work", () => work(opened), "mine-agent-js resume");
  }
  const sets = opened.data().all();
  if (sets.length === 0) findings.push({ check: "data", ok: false, found: "no data set is registered", advice: "mine-agent-js data add NAME FILE" });
  for (const data of sets) {
    const look = (): string => {
      renewed(data);
      return `${data.rows} rows, unchanged`;
    };
    await check(`data ${data.name}`, look, `mine-agent-js data add ${data.name} ${data.location} --replace`);
  }
  return findings;
}

/** The fast powers against the slow ones. */
function arithmetic(): string {
  const modulus = (1n << 1024n) + 643n;
  if (Fast.power(3n, modulus - 2n, modulus) !== Judge.power(3n, modulus - 2n, modulus)) {
    throw new TroubleError("OpenSSL's powers are not what BigInt's are");
  }
  return `BigInt, powers by OpenSSL ${process.versions.openssl}`;
}

function policy(home: Home): string {
  const { scientists, capsules, assets, fields, dataSets, purposes, hours } = home.policy();
  const lists = { scientists, capsules, assets, fields, data_sets: dataSets, purposes };
  const empty = Object.entries(lists).filter(([, allowed]) => allowed.isEmpty).map(([name]) => name);
  if (empty.length > 0) throw new TroubleError(`it joins no campaign: ${empty.join(", ")} empty`);
  const registered = new Set(home.data().all().map((data) => data.name));
  const unknown = dataSets.listed.filter((name) => !registered.has(name));
  if (unknown.length > 0) throw new TroubleError(`data_sets names what is not registered: ${unknown.join(", ")}`);
  if (hours?.length === 0) throw new TroubleError("it begins nothing: hours is empty");
  return "read";
}

function isRead(home: Home): boolean {
  try {
    home.policy();
    return true;
  } catch (error) {
    if (error instanceof OpenMinedError) return false;
    throw error;
  }
}

function work(home: Home): string {
  if (home.isPaused) throw new TroubleError("paused: nothing new is begun until `mine-agent-js resume`");
  return "new work may begin";
}

async function clock(node: Node): Promise<string> {
  const behind = seconds() - (await node.latest()).timestamp;
  if (behind > MOST_BEHIND) throw new TroubleError(`the newest block is ${behind} s old`);
  if (-behind > MOST_AHEAD) throw new TroubleError(`the newest block is ${-behind} s ahead of this machine's clock`);
  return `the newest block is ${behind} s old`;
}

async function balance(node: Node, address: string): Promise<string> {
  const [held, needed] = [await node.balance(address), SUBMIT_GAS * (await priceNow(node))];
  if (held < needed) throw new TroubleError(`${address} holds ${aboutWei(held)}; the gas of one submission is ${aboutWei(needed)}`);
  return aboutWei(held);
}

async function probe(setting: string): Promise<string> {
  const store = openStore(setting);
  const data = utf8(PROBE);
  const cid = await store.put(data);
  if (!cid.equals(cidOf(data)) || Buffer.compare(await store.get(cid, data.length), data) !== 0) {
    throw new TroubleError(`the store gives ${cid.toString()} for bytes whose CID is ${cidOf(data).toString()}`);
  }
  return `${setting}: bytes come back under their CID`;
}

function privacy(home: Home): string {
  const budget = home.policy().privacy;
  const spent = home.ledger(seconds()).spent();
  if (budget === null) return "none: gradients leave without noise, by the owner's word";
  const left = budget.limit.minus(spent).over(budget.priceRho).floor();
  const said = `epsilon ${general(budget.shown(spent), 3)} of ${general(budget.epsilon)}`;
  if (left <= 0n) throw new TroubleError(`the budget is spent: ${said}`);
  return `${said} spent, delta ${general(budget.delta)}; ${left} more releases at ${general(budget.price)}`;
}
