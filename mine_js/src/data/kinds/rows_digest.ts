/** SHA-256 of the rows of a database: docs/protocol.md, section 9. */
import { createHash } from "node:crypto";

export type DatabaseValue = string | bigint | number | Uint8Array | null;

export class RowsDigest {
  private readonly hash = createHash("sha256").update("openmined/rows/1\0");

  constructor(columns: readonly string[]) {
    this.add(columns);
  }

  add(row: readonly DatabaseValue[]): void {
    for (const value of row) {
      if (value === null) this.hash.update("n");
      else if (typeof value === "bigint") this.hash.update(`i${value};`);
      else if (typeof value === "number") {
        const raw = Buffer.alloc(9, "d");
        raw.writeDoubleBE(value, 1);
        this.hash.update(raw);
      } else {
        const raw = typeof value === "string" ? Buffer.from(value) : value;
        this.hash.update(`${typeof value === "string" ? "s" : "b"}${raw.length};`).update(raw);
      }
    }
    this.hash.update("\n");
  }

  sum(): Uint8Array {
    return new Uint8Array(this.hash.digest());
  }
}
