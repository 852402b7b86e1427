/** A home with what it is connected to: node, contract, store, database. No key is opened here. */
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../chain/database.ts";
import { OpenMinedError } from "../errors.ts";
import { AlreadyRunningError } from "../chain/errors.ts";
import { type SonarEvent, text, word } from "../chain/events.ts";
import { Follower, FOLLOWER_TABLES } from "../chain/follower.ts";
import { Node } from "../chain/node/node.ts";
import { Outbox } from "../chain/outbox.ts";
import { OUTBOX_TABLES } from "../chain/outbox_records.ts";
import type { Signer } from "../chain/signer.ts";
import { Sonar } from "../chain/sonar.ts";
import { withHomeLock } from "../home/files.ts";
import { DecisionRecords } from "../home/decisions.ts";
import type { Home } from "../home/home.ts";
import { Journal, MINE_TABLES } from "../home/journal.ts";
import { openStore } from "../store/locations.ts";
import type { Store } from "../store/store.ts";
import { type Asset, assetForPeople } from "./money/assets.ts";
import { type Standing, standingsOf } from "./standings.ts";

const LEAST_DIGITS = 6;

/** A home with what it is connected to. No key is opened by it, and nothing is sent. */
export class Connection {
  /** The home. */
  readonly home: Home;
  /** The mine's account. */
  readonly address: string;
  /** The Ethereum nodes, one of which answers. */
  readonly node: Node;
  /** The contract. */
  readonly sonar: Sonar;
  /** The home's SQLite file. */
  readonly database: DatabaseSync;
  /** What the chain has told so far. */
  readonly follower: Follower;
  /** What this mine has submitted. */
  readonly journal: Journal;
  /** What was decided, and the owner's word. */
  readonly decisions: DecisionRecords;
  /** Where artifacts are. */
  readonly store: Store;
  private readonly assets = new Map<string, Asset>();

  private constructor(home: Home, sonar: Sonar, database: DatabaseSync) {
    const { settings } = home;
    this.home = home;
    this.address = home.address;
    this.node = sonar.node;
    this.sonar = sonar;
    this.database = database;
    this.follower = new Follower(database, sonar.node, sonar.address, settings.confirmations, settings.startBlock);
    this.journal = new Journal(database);
    this.decisions = new DecisionRecords(database);
    this.store = openStore(settings.store);
  }

  /** Connect the home with its node and contract. Throws where the chain or the contract is another than the settings say. */
  static async open(home: Home): Promise<Connection> {
    const { rpc, chainId, contract, contractVersion } = home.settings;
    const node = new Node(rpc, chainId);
    const sonar = await Sonar.open(node, contract, chainId, contractVersion);
    const database = openDatabase(home.database, chainId, await node.genesis(), sonar.address, [MINE_TABLES, FOLLOWER_TABLES, OUTBOX_TABLES]);
    return new Connection(home, sonar, database);
  }

  /** What sends transactions in the name of the account, each deed once. */
  outbox(signer: Signer): Outbox {
    const { chainId, confirmations, maxFee, tipCap, maxTokenCall, pollSeconds } = this.home.settings;
    const settings = { chainId, confirmations, policy: { maxFee, tipCap, maxTokenCall }, pollSeconds };
    return new Outbox(this.database, this.sonar, signer, settings, (campaign) => this.follower.history(undefined, campaign));
  }

  /** What amounts of a campaign in that asset are counted in; a token that has answered is asked once. */
  async asset(address: string): Promise<Asset> {
    const known = this.assets.get(address) ?? (await assetForPeople(this.node, address));
    if (!known.symbol.startsWith("units of ")) this.assets.set(address, known);
    return known;
  }

  /** Read the newest events, unless the process that holds the home's lock does that. */
  async readEvents(): Promise<void> {
    try {
      await withHomeLock(this.home.lock, () => this.follower.poll(), { forAMoment: true });
    } catch (error) {
      if (!(error instanceof AlreadyRunningError)) throw error;
    }
  }

  /** Every campaign that was ever opened, oldest first. */
  campaignIds(): string[] {
    return this.follower.history("CampaignOpened").map(idOf);
  }

  /** Every campaign that is over. */
  settledIds(): Set<string> {
    return new Set(this.follower.history("Settled").map(idOf));
  }

  /** Every campaign this account has submitted to, or has a gradient for, oldest first. */
  ownCampaignIds(): string[] {
    const queued = this.ownSubmissions().map(idOf);
    return [...new Set([...queued, ...this.journal.submissions().map((made) => made.campaign)])];
  }

  /** Every gradient of this account that the chain knows, by its digest. */
  ownUpdates(): string[] {
    return this.ownSubmissions().map((event) => word(event, "update"));
  }

  /** What became of each submission of this account to the campaign. */
  standings(campaign: string): Standing[] {
    return standingsOf(this.address, this.journal.submissions(campaign), this.follower.history(undefined, campaign));
  }

  private ownSubmissions(): SonarEvent[] {
    return this.follower.history("Submitted").filter((event) => text(event, "miner") === this.address);
  }
}

function idOf(event: SonarEvent): string {
  return word(event, "id");
}

/** A home, connected, with the newest events read. */
export async function connected(home: Home): Promise<Connection> {
  const connection = await Connection.open(home);
  await connection.readEvents();
  return connection;
}

/** A campaign's id, or its beginning, names none or several. */
export class UnknownCampaignError extends OpenMinedError {
  constructor(given: string, expected: string) {
    super(`'${given}' does not name a campaign: ${expected}`);
  }
}

/** The whole id, in hexadecimal. */
export function campaignBy(connection: Connection, beginning: string): string {
  return theOne(beginning, connection.campaignIds(), "no campaign with an id that begins with that was opened", "`mine-agent-js campaigns` lists those that are open");
}

/** The one of the known ids that begins so; `none` says in words that there is no such id. */
export function theOne(beginning: string, known: readonly string[], none: string, advice: string): string {
  const digits = beginning.toLowerCase().replace(/^0x/, "");
  if (!/^[0-9a-f]{6,64}$/.test(digits)) throw new UnknownCampaignError(beginning, `an id, or its first ${LEAST_DIGITS} digits or more`);
  const found = known.filter((campaign) => campaign.startsWith(digits));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const why = only === undefined ? none : `${found.length} campaigns have ids that begin with that; give more digits`;
    throw new UnknownCampaignError(beginning, `${why}; ${advice}`);
  }
  return only;
}
