/** What the mine tells while it works: a sentence for people, or one JSON object on a line for programs. */
import { formatPpm } from "../protocol/amounts.ts";
import { general } from "../wording.ts";

/** A value in a happening's fields. */
type Plain = string | number | null;
/** Something that the mine did or noticed. Fields for programs in order; amounts as decimal strings of wei, ids as 0x and digits. */
export interface Happening {
  /** What it is, as `submitted` or `judged`. */
  readonly event: string;
  /** The same for people. */
  readonly sentence: string;
  /** The campaign's id, 64 digits. */
  readonly campaign?: string;
  /** What else there is to know. */
  readonly fields?: Readonly<Record<string, Plain>>;
}
/** Is told of everything that happens. */
export type Tell = (happening: Happening) => void;

const LONGEST = 600;

export function asRecord({ event, campaign, fields }: Happening, now: Date): Record<string, Plain> {
  const stated = Object.entries(fields ?? {}).filter(([, value]) => value !== null);
  const time = `${now.toISOString().slice(0, 19)}Z`;
  return { time, event, ...(campaign === undefined ? {} : { campaign: `0x${campaign}` }), ...Object.fromEntries(stated) };
}

export function asLine({ sentence, campaign }: Happening, now: Date): string {
  const about = campaign === undefined ? "" : `0x${campaign.slice(0, 8)}  `;
  return `${now.toISOString().slice(0, 19).replace("T", " ")} UTC  ${about}${oneLine(sentence, LONGEST)}`;
}

/** What a stranger wrote as one line: characters that move the cursor or have no picture become U+FFFD. */
export function oneLine(text: string, longest: number): string {
  const line = text.replace(/[\n\t]/g, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, "\ufffd").split(/\s+/).filter(Boolean).join(" ");
  return line.length <= longest ? line : `${line.slice(0, longest - 3)}...`;
}

export function submitted(made: { campaign: string; data: string; baseVersion: number; update: string; value: bigint }, transaction: string, privacy: { epsilon: number; delta: number } | null): Happening {
  const noise = privacy === null ? "without noise" : `under epsilon ${general(privacy.epsilon, 3)}`;
  return {
    event: "submitted", campaign: made.campaign, sentence: `submitted a gradient for version ${made.baseVersion}, ${noise}`,
    fields: {
      data: made.data, base_version: made.baseVersion, update: `0x${made.update}`, value: String(made.value), transaction,
      epsilon: privacy?.epsilon ?? null, delta: privacy?.delta ?? null,
    },
  };
}

/** The owner wants to be asked first, and everything else speaks for the campaign. */
export function asking(campaign: string, data: string, title: string): Happening {
  const id = `0x${campaign.slice(0, 8)}`;
  const sentence = `may '${title}' learn from '${data}'? mine-agent-js explain ${id} says what it asks for; then: mine-agent-js approve ${id}, or: mine-agent-js refuse ${id}`;
  return { event: "asking", campaign, sentence, fields: { data, title } };
}

export const PAUSED: Happening = { event: "paused", sentence: "paused: nothing new is begun until `mine-agent-js resume`; what is due is still claimed" };
export const RESUMED: Happening = { event: "resumed", sentence: "resumed: new work begins again" };

/** `shown`: the payout for people. */
export function judged(campaign: string, index: number, verdict: string, payout: bigint, accuracy: number | null, shown: string): Happening {
  const what = `submission ${index}`;
  const sentence =
    verdict === "IMPROVED" ? `${what} improved the model to ${formatPpm(accuracy ?? 0)} and earns ${shown}`
    : verdict === "NO_GAIN" ? `${what} brought no gain; the stake comes back`
    : verdict === "RECLAIMED" ? `${what} was taken back`
    : `${what} was ${verdict}; the stake is burned`;
  return { event: "verdict", campaign, sentence, fields: { index, verdict, accuracy_ppm: accuracy, payout: String(payout) } };
}
