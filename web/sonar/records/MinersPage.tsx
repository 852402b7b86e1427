import { Link } from "wouter";

import { count, percent, plural } from "../../shared/format/numbers";
import { PageHead } from "../../shared/ui/Shell";
import { Failure, Loading } from "../../shared/ui/States";
import { Amount, Hash, When } from "../../shared/ui/words";
import { type Answer, type Miner, type Submission, useAnswer } from "../api";
import { VerdictBadge } from "../campaign/Queue";
import { Downloads, Listing } from "./Listing";

/** Miners by what they earned. */
export function MinersPage() {
  return (
    <>
      <PageHead title="Miners" windowTitle="Miners – Sonar" lead="Data owners are known by nothing but an address, and only once they have submitted something.">
        <Downloads table="miners" what="the miners" />
      </PageHead>
      <Listing<Miner>
        path="/miners"
        what="the miners"
        caption="Miners by what they earned in ether"
        id={(miner) => miner.address}
        empty={{ title: "No miner yet", text: "Miners appear here with their first submission." }}
        columns={[
          { name: "Miner", show: (miner) => <Hash value={miner.address} name="miner's address" link={(shown) => <Link href={`/miners/${miner.address}`}>{shown}</Link>} /> },
          { name: "Earned", right: true, show: (miner) => <Amount wei={miner.earned} asset={miner.asset} /> },
          { name: "Submissions", right: true, show: (miner) => count(miner.submissions) },
          { name: "Improved", right: true, show: (miner) => count(miner.improved) },
          { name: "No gain", right: true, show: (miner) => count(miner.no_gain) },
          { name: "Unusable", right: true, show: (miner) => count(miner.malformed + miner.unavailable) },
        ]}
      />
    </>
  );
}

/** One miner's record: totals in ether, and every submission. */
export function MinerPage(props: { params: { address: string } }) {
  const { address } = props.params;
  const asked = useAnswer<readonly Submission[]>(`/miners/${encodeURIComponent(address)}/submissions?limit=200`);
  return (
    <>
      <p className="crumbs small">
        <Link href="/miners">Miners</Link>
      </p>
      <PageHead title={`Miner ${address.slice(0, 8)}…${address.slice(-6)}`} windowTitle="Miner – Sonar" lead={<code className="whole">{address.slice(0, 66)}</code>} />
      {asked.data === undefined ? (
        <div className="card">{asked.error ? <Failure error={asked.error} what="this miner" again={() => void asked.mutate()} /> : <Loading what="the miner's record" />}</div>
      ) : (
        <Record answer={asked.data} address={address} />
      )}
    </>
  );
}

function Record(props: { answer: Answer<readonly Submission[]>; address: string }) {
  const rows = props.answer.data;
  const judged = rows.filter((row) => row.verdict !== null);
  const improved = judged.filter((row) => row.verdict === "improved");
  const shown = props.answer.next === null ? "" : "of the newest 200 ";
  return (
    <>
      <dl className="tiles">
        <div className="tile">
          <dt>Submissions</dt>
          <dd>{count(rows.length)}<span className="under">{plural(new Set(rows.map((row) => row.campaign)).size, "campaign")}</span></dd>
        </div>
        <div className="tile">
          <dt>Improved a model</dt>
          <dd>{count(improved.length)}<span className="under">{judged.length === 0 ? "nothing is judged yet" : `${percent(Math.round((improved.length / judged.length) * 1000) * 1000)} ${shown}of those judged`}</span></dd>
        </div>
        <div className="tile">
          <dt>Unusable</dt>
          <dd>{count(judged.filter((row) => row.verdict === "malformed" || row.verdict === "unavailable").length)}<span className="under">their stakes are burned</span></dd>
        </div>
      </dl>
      <Listing<Submission>
        path={`/miners/${encodeURIComponent(props.address)}/submissions`}
        what="the submissions"
        caption="Submissions, the newest first"
        id={(row) => `${row.campaign} ${row.index}`}
        empty={{ title: "Nothing was submitted", text: "This address has submitted nothing so far." }}
        columns={[
          { name: "Campaign", show: (row) => <Link href={`/campaigns/${row.campaign}`}><code>{row.campaign.slice(0, 12)}…</code></Link> },
          { name: "Submitted", show: (row) => <When at={row.submitted_at} /> },
          { name: "Verdict", show: (row) => <VerdictBadge submission={row} /> },
          { name: "Accuracy", right: true, show: (row) => (row.accuracy === null ? "–" : percent(row.accuracy)) },
          { name: "Paid", right: true, show: (row) => (row.payout === null ? "–" : <Amount wei={row.payout} />) },
        ]}
      />
    </>
  );
}
