import { Badge, type Tone } from "../../shared/ui/words";
import type { Campaign, Verdict } from "../api";

/** What state a campaign is in, as people say it; open ones by the clock, too. */
export function stateOf(campaign: Campaign, now: number): { word: string; tone: Tone; means: string } {
  switch (campaign.state) {
    case "requested":
      return { word: "Waiting for Capsule", tone: "warn", means: "Capsule has not opened it yet." };
    case "open":
      if (campaign.best !== null && campaign.best >= campaign.terms.target) {
        return { word: "Target reached", tone: "good", means: "The model is good enough; it is being delivered." };
      }
      if (now >= campaign.terms.submit_until) {
        return { word: "Closing", tone: "warn", means: "No more submissions; those in the queue are judged." };
      }
      return { word: "Open", tone: "live", means: "Mines may submit." };
    case "settled":
      return { word: "Settled", tone: "plain", means: "Everything is paid out or can be claimed." };
    case "cancelled":
      return { word: "Cancelled", tone: "plain", means: "The scientist took it back before it was opened." };
    case "declined":
      return { word: "Declined", tone: "bad", means: "Capsule does not work for it; the bounty went back." };
  }
}

export const VERDICTS: Record<Verdict, { word: string; tone: Tone }> = {
  improved: { word: "Improved", tone: "good" },
  no_gain: { word: "No gain", tone: "plain" },
  malformed: { word: "Malformed", tone: "bad" },
  unavailable: { word: "Not available", tone: "bad" },
};

export function StateBadge(props: { campaign: Campaign; now: number }) {
  const state = stateOf(props.campaign, props.now);
  return <Badge tone={state.tone}>{state.word}</Badge>;
}
