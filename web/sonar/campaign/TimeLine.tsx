import { When } from "../../shared/ui/words";
import type { Campaign } from "../api";

interface Mark {
  readonly name: string;
  readonly at: number | null;
  readonly note?: string;
  /** A deadline is past when the reader's clock says so; what happened is, whatever the clocks say. */
  readonly deadline?: true;
}

/** What happened and what is still to come, in order of time. */
export function TimeLine(props: { campaign: Campaign; now: number }) {
  const { campaign, now } = props;
  const { terms } = campaign;
  const over = campaign.ended_at !== null;
  // What ended before a deadline never met it.
  const deadlines: Mark[] = [
    { name: "Submissions close", at: terms.submit_until, deadline: true },
    { name: "Reviews close", at: terms.review_until, deadline: true, note: "After this, whatever is unjudged is given back." },
  ];
  const marks: Mark[] = [
    { name: "Created", at: campaign.created_at, note: "The bounty is in escrow." },
    { name: "Opened by Capsule", at: campaign.opened_at, ...(campaign.opened_at === null && !over ? { note: "Not yet; if it stays so, the bounty goes back." } : {}) },
    ...deadlines.filter((mark) => campaign.ended_at === null || (mark.at !== null && mark.at <= campaign.ended_at)),
    { name: "Result delivered", at: campaign.delivered_at },
    { name: { settled: "Settled", cancelled: "Cancelled", declined: "Declined", open: "Ended", requested: "Ended" }[campaign.state], at: campaign.ended_at },
  ];
  const shown = marks.filter((mark) => mark.at !== null || mark.note !== undefined);
  return (
    <section className="card" aria-labelledby="time">
      <h2 id="time">Time line</h2>
      <ol className="time-line">
        {[...shown].sort((one, other) => (one.at ?? Infinity) - (other.at ?? Infinity)).map((mark) => {
          const past = mark.at !== null && (mark.deadline === undefined || mark.at <= now);
          return (
            <li key={mark.name} className={past ? "past" : "future"}>
              <span className="name">
                {mark.name}
                <span className="hidden">{past ? " (past)" : " (to come)"}</span>
              </span>
              <span className="small soft">{mark.at === null ? mark.note : <When at={mark.at} />}</span>
              {mark.at !== null && mark.note !== undefined && <span className="small soft">{mark.note}</span>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
