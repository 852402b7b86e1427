import { Link } from "wouter";

import { duration } from "../../shared/format/time";
import { Empty, Failure, Loading } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Amount, Badge, Hash, When } from "../../shared/ui/words";
import type { Campaign, Submission } from "../api";
import { VERDICTS } from "../campaigns/state";

/** What was submitted, in the order of the queue, the newest first. */
export function Queue(props: { campaign: Campaign; submissions: readonly Submission[] | undefined; error: Error | undefined; more: boolean }) {
  const { campaign, submissions } = props;
  return (
    <section className="card" aria-labelledby="queue">
      <h2 id="queue">Submissions</h2>
      {submissions === undefined ? (
        props.error ? <Failure error={props.error} what="the submissions" /> : <Loading what="submissions" />
      ) : submissions.length === 0 ? (
        <Empty within title="Nothing was submitted yet">
          <p>Mines look at the spec on their own side; nobody knows who they are before they submit.</p>
        </Empty>
      ) : (
        <>
          <Table
            caption="Submissions, the newest first"
            hideCaption
            columns={[
              { name: "No.", show: (one) => one.index },
              { name: "Miner", show: (one) => <Hash value={one.miner} name="miner's address" link={(shown) => <Link href={`/miners/${one.miner}`}>{shown}</Link>} /> },
              { name: "Submitted", show: (one) => <When at={one.submitted_at} relative happened /> },
              { name: "Verdict", show: (one) => <VerdictBadge submission={one} /> },
              { name: "Judged after", right: true, show: (one) => (one.verdict_at === null ? "–" : duration(one.verdict_at - one.submitted_at)) },
              { name: "Paid", right: true, show: (one) => (one.payout === null ? "–" : <Amount wei={one.payout} asset={campaign.asset} />) },
            ]}
            rows={[...submissions].reverse()}
            id={(one) => one.index}
          />
          {props.more && <p className="hint">The first 500 are shown; the API has all of them.</p>}
        </>
      )}
    </section>
  );
}

export function VerdictBadge(props: { submission: Submission }) {
  const { verdict, reclaimed } = props.submission;
  if (reclaimed) return <Badge tone="plain">Taken back</Badge>;
  if (verdict === null) return <Badge tone="warn">Waiting</Badge>;
  const known = VERDICTS[verdict];
  return <Badge tone={known.tone}>{known.word}</Badge>;
}
