import { Link, useSearchParams } from "wouter";

import { PageHead } from "../../shared/ui/Shell";
import { Empty, Notice } from "../../shared/ui/States";
import { Badge, Foreign, type Tone, When } from "../../shared/ui/words";
import { type Decision, shortId, useMine, withoutCommand } from "../api";
import { Loaded } from "../Loaded";

const AGAIN_EVERY = 15_000;
const LAST = 100;
const ANSWERS: Record<Decision["answer"], readonly [string, Tone]> = { train: ["Train", "good"], later: ["Later", "warn"], no: ["No", "plain"] };

/** Every decision with its reasons, replayed from what was written down. */
export function DecisionsPage() {
  const [search] = useSearchParams();
  const campaign = search.get("campaign");
  const asked = useMine<readonly Decision[]>(campaign === null ? `/api/decisions?last=${LAST}` : `/api/decisions?campaign=${encodeURIComponent(campaign)}`, AGAIN_EVERY);
  return (
    <>
      <PageHead
        title={campaign === null ? "Log of decisions" : `Decisions about ${shortId(campaign)}`}
        windowTitle="Log – Mine"
        lead={campaign === null ? `The last ${LAST}, the newest first. Each was written down with the facts that it was made from and your rules as they were; here it is made once more from both.` : <Link href="/log">Decisions about all campaigns</Link>}
      />
      <Loaded asked={asked} what="the decisions">
        {(rows) =>
          rows.length === 0 ? (
            <div className="card"><Empty title="Nothing has been decided yet"><p>A running mine decides about each open campaign: <code className="command">mine-agent run</code></p></Empty></div>
          ) : (
            <>{(campaign === null ? rows : [...rows].reverse()).map((row) => <One key={row.number} decision={row} newest={!rows.some((one) => one.campaign === row.campaign && one.data === row.data && one.number > row.number)} />)}</>
          )
        }
      </Loaded>
    </>
  );
}

/** Whether nothing but the owner's word is asked for, or something else besides. */
function waits(decision: Decision): boolean {
  return decision.answer === "later" && decision.rules.some((rule) => rule.rule === "ask_first" && !rule.passed);
}

/** `newest`: nothing was decided about its campaign and data set since. */
function One(props: { decision: Decision; newest: boolean }) {
  const { decision } = props;
  const [word, tone] = ANSWERS[decision.answer];
  return (
    <article className="card">
      <div className="card-head">
        <h2><Foreign text={decision.data} /> for <Link href={`/log?campaign=${decision.campaign}`}><code>{shortId(decision.campaign)}</code></Link></h2>
        <span><Badge tone={tone}>{word}</Badge></span>
      </div>
      <p><Foreign text={withoutCommand(decision.why)} most={800} />{props.newest && waits(decision) && <> <Link href="/campaigns">Approve or refuse</Link></>}</p>
      <p className="hint"><When at={decision.time} /> · decision {decision.number} · replayed, the outcome is {decision.replay === "the same" ? "the same" : <Foreign text={decision.replay} most={200} />}</p>
      {decision.replay === "another one" && <Notice kind="warn">This release would decide differently.</Notice>}
      {decision.rules.length > 0 && (
        <details>
          <summary>The {decision.rules.length} rules that were asked</summary>
          <ul className="reasons">
            {decision.rules.map((rule) => (
              <li key={rule.rule + rule.found}>
                <Badge tone={rule.passed ? "good" : "bad"}>{rule.passed ? "passed" : "forbids"}</Badge> <code>{rule.rule}</code> wants <Foreign text={rule.wants} most={200} />, found <Foreign text={rule.found} most={200} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}
