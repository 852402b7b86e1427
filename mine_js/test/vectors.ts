/** The known answers in `vectors/`, which both implementations read. */
import { readFileSync } from "node:fs";

// JSON of our own making: each test names the shape it reads.
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8")) as T;
}

export function golden(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../tests/artifacts/golden/${name}`, import.meta.url)));
}

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}
