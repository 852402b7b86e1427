import { percent, plural } from "../../shared/format/numbers";
import { Failure, Loading } from "../../shared/ui/States";
import { type Step, StepChart } from "../../shared/charts/StepChart";
import { Table } from "../../shared/ui/Table";
import { Amount, Hash, When } from "../../shared/ui/words";
import type { Campaign, Submission } from "../api";

/** How the accuracy rose, step by paid step: a curve, and the same as a table. */
export function AccuracyCard(props: { campaign: Campaign; versions: readonly Submission[] | undefined; error: Error | undefined; now: number }) {
  const { campaign, versions, now } = props;
  return (
    <section className="card" aria-labelledby="accuracy">
      <h2 id="accuracy">Accuracy</h2>
      {campaign.start === null || campaign.opened_at === null ? (
        <p className="soft">The curve begins when Capsule has measured the model that it starts from.</p>
      ) : versions === undefined ? (
        props.error ? <Failure error={props.error} what="the curve" /> : <Loading what="the curve" />
      ) : (
        <Curve campaign={campaign} versions={versions} start={campaign.start} opened={campaign.opened_at} now={now} />
      )}
    </section>
  );
}

function Curve(props: { campaign: Campaign; versions: readonly Submission[]; start: number; opened: number; now: number }) {
  const { campaign, versions, start, opened, now } = props;
  const steps: Step[] = [{ at: opened, ppm: start, label: "Start" }];
  for (const one of versions) {
    if (one.verdict_at !== null && one.accuracy !== null) {
      steps.push({ at: one.verdict_at, ppm: one.accuracy, label: `Version ${one.version ?? 0}` });
    }
  }
  const last = steps.at(-1)?.at ?? opened;
  const until = campaign.ended_at ?? Math.max(last, Math.min(now, campaign.terms.review_until));
  const best = campaign.best ?? start;
  return (
    <>
      <StepChart
        title="Accuracy of the model over time"
        description={`It started at ${percent(start)} and is at ${percent(best)} after ${plural(versions.length, "paid step")}; the target is ${percent(campaign.terms.target)}.`}
        steps={steps}
        goal={campaign.terms.target}
        until={until}
      />
      {versions.length === 0 ? (
        <p className="hint">No submission has improved the model yet. It starts at {percent(start)}.</p>
      ) : (
        <details open={versions.length <= 8}>
          <summary>{plural(versions.length, "paid step")} as a table</summary>
          <Table
            caption="Paid steps"
            hideCaption
            columns={[
              { name: "Version", show: (one) => one.version },
              { name: "When", show: (one) => <When at={one.verdict_at} compact /> },
              { name: "Miner", show: (one) => <Hash value={one.miner} name="miner's address" /> },
              { name: "Accuracy", right: true, show: (one) => percent(one.accuracy ?? 0) },
              { name: "Gain", right: true, show: (one) => `+${percent(gain(versions, one, start))}` },
              { name: "Paid", right: true, show: (one) => <Amount wei={one.payout ?? "0"} asset={campaign.asset} /> },
            ]}
            rows={versions}
            id={(one) => one.index}
          />
        </details>
      )}
    </>
  );
}

function gain(versions: readonly Submission[], one: Submission, start: number): number {
  const before = versions[versions.indexOf(one) - 1]?.accuracy ?? start;
  return (one.accuracy ?? before) - before;
}
