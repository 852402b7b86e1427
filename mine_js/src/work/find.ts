/** The campaign that its owner names by the beginning of its id. */
import { OpenMinedError } from "../errors.ts";
import type { Connection } from "./connection.ts";

const LEAST_DIGITS = 6;

/** A campaign's id, or its beginning, names none or several. */
export class UnknownCampaignError extends OpenMinedError {
  constructor(given: string, expected: string) {
    super(`'${given}' names no campaign: ${expected}`);
  }
}

/** The whole id, in hexadecimal. */
export function campaignBy(connection: Connection, beginning: string): string {
  const digits = beginning.toLowerCase().replace(/^0x/, "");
  if (!/^[0-9a-f]{6,64}$/.test(digits)) throw new UnknownCampaignError(beginning, `an id, or its first ${LEAST_DIGITS} digits or more`);
  const found = connection.campaignIds().filter((campaign) => campaign.startsWith(digits));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const why = only === undefined ? "no campaign was opened whose id begins so" : `${found.length} campaigns begin so`;
    throw new UnknownCampaignError(beginning, `${why}; \`mine-agent-js campaigns\` lists those that are open`);
  }
  return only;
}
