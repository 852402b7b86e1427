/** A mine's home directory: what is where. The same files as the Python mine's; never open to both at once. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { keyfileAddress } from "../chain/signer.ts";
import { DataShelf } from "../data/datasets.ts";
import { Ledger } from "../privacy/ledger.ts";
import type { Policy } from "../rules/policy.ts";
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

  get lock(): string {
    return join(this.path, "lock");
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
