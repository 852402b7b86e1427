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

export class Home {
  readonly path: string;
  readonly settings: HomeSettings;

  private constructor(path: string, settings: HomeSettings) {
    this.path = path;
    this.settings = settings;
  }

  static open(path: string): Home {
    return new Home(path, loadSettings(path));
  }

  static exists(path: string): boolean {
    return existsSync(join(path, SETTINGS_FILE));
  }

  get keyfile(): string {
    return keyfilePath(this.path, this.settings.keyfile);
  }

  /** The account, as `init` found it in the opened keyfile. */
  get address(): string {
    return this.settings.account || keyfileAddress(this.keyfile);
  }

  get database(): string {
    return join(this.path, "mine.sqlite");
  }

  /** What a running mine is doing. */
  get atWork(): string {
    return join(this.path, "at-work.json");
  }

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

  resume(): void {
    rmSync(this.pausedFile, { force: true });
  }

  private get pausedFile(): string {
    return join(this.path, "paused");
  }

  get policyFile(): string {
    return join(this.path, POLICY_FILE);
  }

  /** The owner's rules as they are now. */
  policy(): Policy {
    return loadPolicy(this.path);
  }

  ledger(now: number): Ledger {
    return new Ledger(this.path, this.address, now);
  }

  data(): DataShelf {
    return new DataShelf(this.path);
  }
}
