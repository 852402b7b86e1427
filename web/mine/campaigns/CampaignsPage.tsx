import { useState } from "react";
import { Link } from "wouter";

import { percent } from "../../shared/format/numbers";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Notice } from "../../shared/ui/States";
import { Amount, Badge, Bar, Foreign, Hash, Names, When } from "../../shared/ui/words";
import { type Campaign, nameOf, shortId, useMine, withoutCommand } from "../api";
import { Loaded } from "../Loaded";
import { change } from "../session";
import { titleOf } from "../rules/rules";
import { useAct } from "../useAct";

const AGAIN_EVERY = 15_000;
const ASK = "ask_first";

/** Every open campaign: whether the mine works for it and, if not, everything that speaks against it. */
export function CampaignsPage() {
  const asked = useMine<readonly Campaign[]>("/api/campaigns", AGAIN_EVERY);
  return (
    <>
      <PageHead title="Campaigns" windowTitle="Campaigns – Mine" lead="What is open, what it pays, whether your data fit, and what your rules say. Nobody learns that you looked." />
      <Loaded asked={asked} what="the open campaigns" slowly="the open campaigns; the first time, this machine is measured for some seconds">
        {(rows) =>
          rows.length === 0 ? (
            <div className="card"><Empty title="No campaign is open"><p>New ones appear here by themselves.</p></Empty></div>
          ) : (
            <All rows={rows} again={() => asked.mutate()} />
          )
        }
      </Loaded>
    </>
  );
}

/** Those that wait for a word stand first; whatever is said, none leaves its place while it is looked at. */
function All(props: { rows: readonly Campaign[]; again: () => Promise<unknown> }) {
  const [asked] = useState<ReadonlySet<string>>(() => new Set(props.rows.filter(waits).map((row) => row.campaign)));
  const rank = (row: Campaign) => Number(!asked.has(row.campaign));
  return <>{[...props.rows].sort((one, other) => rank(one) - rank(other)).map((row) => <One key={row.campaign} campaign={row} again={props.again} />)}</>;
}

function waits(campaign: Campaign): boolean {
  return campaign.word === null && campaign.reasons.some((reason) => reason.rule === ASK);
}

function One(props: { campaign: Campaign; again: () => Promise<unknown> }) {
  const { campaign } = props;
  const act = useAct();
  const id = `campaign-${campaign.campaign}`;

  function say(word: "approved" | "refused") {
    void act.act(async () => {
      await change("/api/word", { campaign: campaign.campaign, word });
      await props.again();
      return word === "approved" ? "Approved. A running mine goes on within its next round." : "Refused. Nothing new is begun for it.";
    });
  }

  return (
    <section className="card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}><Foreign text={nameOf(campaign)} most={200} /></h2>
        <Standing campaign={campaign} />
      </div>
      {campaign.failure !== null && <Notice kind="warn">The last try failed: <Foreign text={campaign.failure} most={500} /></Notice>}
      <div className="two">
        <div>
          <dl className="facts">
            <dt>Left to earn</dt>
            <dd><Amount wei={campaign.left} asset={campaign.asset} of={campaign} /> of <Amount wei={campaign.bounty} asset={campaign.asset} of={campaign} /></dd>
            <dt>A point pays</dt>
            <dd><Amount wei={campaign.point_pays} asset={campaign.asset} of={campaign} /></dd>
            <dt>Accuracy</dt>
            <dd>
              {percent(campaign.best_ppm)} of {percent(campaign.target_ppm)}
              <Bar share={campaign.target_ppm === 0 ? 0 : Math.min(1, campaign.best_ppm / campaign.target_ppm)} />
            </dd>
            <dt>Open until</dt>
            <dd><When at={campaign.submit_until} /></dd>
            <dt>Purpose</dt>
            <dd><Foreign text={campaign.purpose === null || campaign.purpose === "unstated" ? "not stated" : campaign.purpose} /></dd>
            <dt>Asks for</dt>
            <dd>{campaign.fields.length === 0 ? "unknown" : <Names names={campaign.fields} />}</dd>
          </dl>
        </div>
        <div>
          <dl className="facts">
            <dt>Your data</dt>
            <dd><Foreign text={campaign.data} most={400} />{campaign.coverage !== null && campaign.coverage < 1 && <> (covers {percent(Math.round(campaign.coverage * 1_000_000))}) <Link href="/data">Map your columns</Link></>}</dd>
            <dt>A visit</dt>
            <dd>{campaign.visit ?? "unknown"}</dd>
            <dt>Price in privacy</dt>
            <dd>{campaign.privacy ?? "unknown"}</dd>
            <dt>Stake</dt>
            <dd><Amount wei={campaign.stake} asset={campaign.asset} of={campaign} />, burned if the gradient cannot be used</dd>
            <dt>Scientist</dt>
            <dd><Hash value={campaign.scientist} name="the scientist's address" /></dd>
            <dt>Capsule</dt>
            <dd><Hash value={campaign.capsule} name="Capsule's address" /></dd>
            <dt>Campaign</dt>
            <dd><Hash value={campaign.campaign} name="the campaign's id" /></dd>
          </dl>
        </div>
      </div>
      <div className="spaced">
        <h3>{campaign.reasons.length === 0 && campaign.fields.length > 0 ? "Nothing speaks against it" : "What speaks against it now"}</h3>
        {campaign.fields.length === 0 && <p>Its spec cannot be used; see “Your data” above.</p>}
        <ul className="reasons">
          {campaign.reasons.map((reason) => (
            <li key={reason.rule + reason.reason}>
              <Foreign text={withoutCommand(reason.reason)} most={500} /> <span className="soft small">{aboutRule(reason)}</span>
            </li>
          ))}
        </ul>
      </div>
      <div className="row spaced">
        {campaign.word !== "approved" && (
          <Press className={waits(campaign) ? "first" : undefined} busy={act.busy} onClick={() => say("approved")}>
            Approve<span className="hidden"> {nameOf(campaign)}</span>
          </Press>
        )}
        {campaign.word !== "refused" && (
          <Press busy={act.busy} onClick={() => say("refused")}>
            Refuse<span className="hidden"> {nameOf(campaign)}</span>
          </Press>
        )}
        <Link href={`/log?campaign=${campaign.campaign}`}>Decisions about {shortId(campaign.campaign)}</Link>
        <span role="status">{act.done}</span>
      </div>
      {act.wrong !== null && <p className="wrong" role="alert">{act.wrong}</p>}
    </section>
  );
}

/** Which of the owner's rules it is, as the page of rules calls it; some are not the owner's. */
function aboutRule(reason: Campaign["reasons"][number]): string {
  const title = titleOf(reason.rule);
  const said = [...(title === reason.rule ? [] : [`your rule “${title}”`]), ...(reason.for_now ? ["for now"] : [])];
  return said.length === 0 ? "" : `(${said.join(", ")})`;
}

function Standing(props: { campaign: Campaign }) {
  const { campaign } = props;
  if (campaign.word === "refused") return <Badge tone="bad">You refused it</Badge>;
  if (waits(campaign)) return <Badge tone="warn">Waits for your word</Badge>;
  if (campaign.joins) return <Badge tone="good">{campaign.word === "approved" ? "Joins, approved" : "Joins"}</Badge>;
  return <Badge tone="plain">Does not join</Badge>;
}
