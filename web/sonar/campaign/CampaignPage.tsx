import { Link } from "wouter";

import { plain } from "../../shared/format/foreign";
import { percent, plural, share } from "../../shared/format/numbers";
import { AskError } from "../../shared/http";
import { PageHead } from "../../shared/ui/Shell";
import { Failure, Loading, Notice, saidOf } from "../../shared/ui/States";
import { Amount, Bar, Foreign, useNow, When } from "../../shared/ui/words";
import { type Campaign, type Submission, useAnswer } from "../api";
import { StateBadge, stateOf } from "../campaigns/state";
import { AccuracyCard } from "./AccuracyCard";
import { Artifacts, Money, Parties } from "./Facts";
import { Queue } from "./Queue";
import { type Spec, useSpec } from "./spec";
import { SpecCard } from "./SpecCard";
import { TimeLine } from "./TimeLine";

/** One campaign, kept up to date while it is looked at. */
export function CampaignPage(props: { params: { id: string } }) {
  const path = `/campaigns/${encodeURIComponent(props.params.id)}`;
  const asked = useAnswer<Campaign>(path);
  const submissions = useAnswer<readonly Submission[]>(asked.data ? `${path}/submissions?limit=500` : null);
  const versions = useAnswer<readonly Submission[]>(asked.data ? `${path}/versions` : null);
  const campaign = asked.data?.data;
  const spec = useSpec(campaign?.spec ?? null);
  const now = useNow();
  if (campaign === undefined) {
    return (
      <>
        <PageHead title="Campaign" windowTitle="Campaign – Sonar" />
        <div className="card">{asked.error ? <Failure error={asked.error} what="this campaign" again={() => void asked.mutate()} /> : <Loading what="the campaign" />}</div>
      </>
    );
  }
  const title = [spec.data?.title, campaign.title].find((one) => one != null && one !== "") ?? `Campaign ${campaign.id.slice(0, 10)}…`;
  return (
    <>
      <p className="crumbs small">
        <Link href="/">Campaigns</Link>
      </p>
      <CampaignHead campaign={campaign} title={title} spec={spec.data} now={now} />
      {asked.error !== undefined && <Notice kind="warn">What you see may be old. {saidOf(asked.error)}</Notice>}
      {campaign.state === "declined" && <Notice kind="bad"><span>Capsule declined it: <Foreign text={campaign.reason ?? "no reason given"} /></span></Notice>}
      <p className="hidden" role="status">{newsOf(campaign, now)}</p>
      <Numbers campaign={campaign} now={now} />
      <div className="columns">
        <div>
          <AccuracyCard campaign={campaign} versions={versions.data?.data} error={versions.error} now={now} />
          <Queue campaign={campaign} submissions={submissions.data?.data} error={submissions.error} more={submissions.data?.next != null} />
          <Artifacts campaign={campaign} spec={spec.data} />
        </div>
        <div>
          {spec.error ? <NoSpec error={spec.error} again={() => void spec.mutate()} /> : <SpecCard spec={spec.data} campaign={campaign} />}
          <TimeLine campaign={campaign} now={now} />
          <Money campaign={campaign} />
          <Parties campaign={campaign} />
        </div>
      </div>
    </>
  );
}

/** What is said aloud whenever it changes while the page is open. */
function newsOf(campaign: Campaign, now: number): string {
  const best = campaign.best === null ? "" : `, accuracy ${percent(campaign.best)} of ${percent(campaign.terms.target)}`;
  return `${stateOf(campaign, now).word}${best}, ${plural(campaign.submitted, "submission")}`;
}

function CampaignHead(props: { campaign: Campaign; title: string; spec: Spec | undefined; now: number }) {
  const shown = plain(props.title, 200);
  return (
    <PageHead title={shown} windowTitle={`${shown} – Sonar`} lead={props.spec?.description ? <Foreign text={props.spec.description} most={400} /> : stateOf(props.campaign, props.now).means}>
      <StateBadge campaign={props.campaign} now={props.now} />
      {props.campaign.result !== null && (
        <Link className="button first" href={`/campaigns/${props.campaign.id}/result`}>
          Open the result
        </Link>
      )}
    </PageHead>
  );
}

function Numbers(props: { campaign: Campaign; now: number }) {
  const { campaign, now } = props;
  const { terms } = campaign;
  const best = campaign.best ?? 0;
  const spent = share(BigInt(campaign.paid), BigInt(terms.bounty));
  const waiting = campaign.submitted - campaign.evaluated;
  const closed = campaign.state !== "open" || now >= terms.submit_until;
  return (
    <dl className="tiles">
      <div className="tile">
        <dt>Accuracy</dt>
        <dd>
          {campaign.best === null ? "–" : percent(best)}
          <span className="under">of {percent(terms.target)} wanted</span>
          <Bar share={best / terms.target} />
        </dd>
      </div>
      <div className="tile">
        <dt>Bounty paid</dt>
        <dd>
          <Amount wei={campaign.paid} asset={campaign.asset} />
          <span className="under">
            of <Amount wei={terms.bounty} asset={campaign.asset} />
          </span>
          <Bar share={spent} />
        </dd>
      </div>
      <div className="tile">
        <dt>Submissions</dt>
        <dd>
          {campaign.submitted}
          <span className="under">{waiting === 0 ? "none is waiting" : campaign.ended_at === null ? `${plural(waiting, "is", "are")} waiting for Capsule` : `${plural(waiting, "was", "were")} not judged`}</span>
        </dd>
      </div>
      <div className="tile">
        <dt>{closed ? "Ended" : "Closes"}</dt>
        <dd>
          {closed ? <When at={campaign.ended_at ?? terms.submit_until} relative happened /> : <When at={terms.submit_until} relative />}
          <span className="under">
            <When at={closed ? (campaign.ended_at ?? terms.submit_until) : terms.submit_until} />
          </span>
        </dd>
      </div>
    </dl>
  );
}

function NoSpec(props: { error: Error; again: () => void }) {
  const busy = props.error instanceof AskError;
  return (
    <section className="card" aria-labelledby="spec">
      <h2 id="spec">What is asked for</h2>
      <p className="soft">{busy ? "The spec cannot be fetched from the store now. What the chain says is shown all the same." : saidOf(props.error)}</p>
      {busy && (
        <>
          <p className="hint">{saidOf(props.error)}</p>
          <button type="button" onClick={props.again}>
            Try again
          </button>
        </>
      )}
    </section>
  );
}
