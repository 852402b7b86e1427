/** A mine's home directory: what is where. The same files as the Python mine's; never open to both at once. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { keyfileAddress } from "../chain/signer.ts";
import { DataShelf } from "../data/datasets.ts";
import { Ledger } from "../privacy/ledger.ts";
import type { Policy } from "../rules/policy.ts";
import { replaceSecretFile } from "./files.ts";
import { loadPolicy, POLICY_FILE } from "./policy.ts";
import { type HomeSettings, keyfilePath, loadSettings, SETTINGS_FILE } from "./settings.ts";

/** A mine's home directory, opened: its settings are read, its files are found by these names. */
export class Home {
  /** The directory. */
  readonly path: string;
  /** Node, contract, store and account, as settings.toml has them. */
  readonly settings: HomeSettings;

  private constructor(path: string, settings: HomeSettings) {
    this.path = path;
    this.settings = settings;
  }

  /** Read the settings of a home that `init` made. Throws where it is missing, open to others, or says what cannot be. */
  static open(path: string): Home {
    return new Home(path, loadSettings(path));
  }

  /** Whether there is a home in that directory. */
  static exists(path: string): boolean {
    return existsSync(join(path, SETTINGS_FILE));
  }

  /** Where the key of the account is, sealed with a passphrase. */
  get keyfile(): string {
    return keyfilePath(this.path, this.settings.keyfile);
  }

  /** The account, as `init` found it in the opened keyfile. */
  get address(): string {
    return this.settings.account || keyfileAddress(this.keyfile);
  }

  /** Where journal, outbox and events are. */
  get database(): string {
    return join(this.path, "mine.sqlite");
  }

  /** What a running mine is doing. */
  get atWork(): string {
    return join(this.path, "at-work.json");
  }

  /** What a running mine holds: see `withHomeLock`. */
  get lock(): string {
    return join(this.path, "lock");
  }

  /** Whether the owner wants nothing new to be begun. */
  get isPaused(): boolean {
    return existsSync(this.pausedFile);
  }

  /** Begin nothing new from now on, also after a restart; a running mine sees it in its next round. */
  pause(): void {
    replaceSecretFile(this.pausedFile, new Uint8Array(0));
  }

  /** Begin new work again, from the next round on. */
  resume(): void {
    rmSync(this.pausedFile, { force: true });
  }

  private get pausedFile(): string {
    return join(this.path, "paused");
  }

  /** Where the owner's rules are. */
  get policyFile(): string {
    return join(this.path, POLICY_FILE);
  }

  /** The owner's rules as they are now. */
  policy(): Policy {
    return loadPolicy(this.path);
  }

  /** What was spent of the privacy budget; `now` in seconds since 1970. Throws where it was changed or cut. */
  ledger(now: number): Ledger {
    return new Ledger(this.path, this.address, now);
  }

  /** The data sets that models may learn from. */
  data(): DataShelf {
    return new DataShelf(this.path);
  }
}
