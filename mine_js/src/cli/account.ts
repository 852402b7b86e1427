/** The home's account, opened with the passphrase that the command line or the environment gives. */
import { openKeyfile, type Signer } from "../chain/signer.ts";
import { HomeError } from "../home/files.ts";
import type { Home } from "../home/home.ts";
import { type Given, passphrase } from "./options/options.ts";

export async function openAccount(home: Home, given: Given): Promise<Signer> {
  const signer = await openKeyfile(home.keyfile, passphrase(given, home.keyfile));
  if (signer.address !== home.address) {
    throw new HomeError(`${home.keyfile} says it is for ${home.address}, but holds the key of ${signer.address}; restore it`);
  }
  return signer;
}
