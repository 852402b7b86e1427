import { useEffect, useRef, useState } from "react";
import { mutate } from "swr";

import { plural } from "../../shared/format/numbers";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Notice } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Badge, Foreign } from "../../shared/ui/words";
import { type Campaign, type DataSet, nameOf, type Policy, type PolicyChange, useMine } from "../api";
import { Loaded } from "../Loaded";
import { change } from "../session";
import { useAct } from "../useAct";
import { RuleEditor } from "./RuleEditor";
import { changesOf, type Draft, grouped, offersFor } from "./rules";

/** The owner's rules. What is not allowed is forbidden; what a change does is shown before it is saved. */
export function RulesPage() {
  const asked = useMine<Policy>("/api/policy");
  const [saved, setSaved] = useState<string | null>(null); // the digest of what was saved here
  return (
    <>
      <PageHead title="Rules" windowTitle="Rules – Mine" lead="What is not allowed here is forbidden. Change rules, see what that changes for every open campaign, and only then save. They are shown to nobody." />
      <Loaded asked={asked} what="your rules">
        {(policy) => <Editor key={policy.digest} policy={policy} fresh={policy.digest === saved} saved={(next) => { setSaved(next.digest); void asked.mutate(next, { revalidate: false }); }} />}
      </Loaded>
    </>
  );
}

/** `fresh`: they were saved here just now. */
function Editor(props: { policy: Policy; fresh: boolean; saved: (next: Policy) => void }) {
  const { policy } = props;
  const campaigns = useMine<readonly Campaign[]>("/api/campaigns");
  const data = useMine<readonly DataSet[]>("/api/data");
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  const [effect, setEffect] = useState<readonly PolicyChange[] | null>(null);
  const trying = useAct(), saving = useAct();
  const changes = changesOf(policy.rules, drafts);
  const many = Object.keys(changes).length;
  const bar = useRef<HTMLDivElement>(null), { fresh } = props;
  useEffect(() => {
    if (fresh) bar.current?.focus({ preventScroll: true });
  }, [fresh]);

  function put(rule: string, draft: Draft) {
    setDrafts({ ...drafts, [rule]: draft });
    setEffect(null); // it was of other rules
  }

  return (
    <>
      {grouped(policy.rules).map(([group, rules]) => (
        <section key={group} className="card" aria-label={group}>
          <h2>{group}</h2>
          {rules.map((rule) => (
            <RuleEditor
              key={rule.rule}
              rule={rule}
              draft={drafts[rule.rule] ?? rule.value}
              changed={rule.rule in changes}
              offers={offersFor(rule.rule, campaigns.data ?? [], (data.data ?? []).map((one) => one.name))}
              put={(draft) => put(rule.rule, draft)}
            />
          ))}
        </section>
      ))}
      {effect !== null && <Effect changes={effect} />}
      <div className="save-bar" ref={bar} tabIndex={-1} role="group" aria-label="Changes">
        {many > 0 && (trying.wrong ?? saving.wrong) !== null && <Notice kind="bad">{trying.wrong ?? saving.wrong}</Notice>}
        <p role="status">{many > 0 ? `${plural(many, "rule")} changed, not saved.` : fresh ? "Saved. Nothing is changed." : "Nothing is changed."}</p>
        {many > 0 && <button type="button" className="quiet" onClick={() => { setDrafts({}); setEffect(null); }}>Discard changes</button>}
        <Press
          className={effect === null ? "first" : undefined}
          disabled={many === 0}
          busy={trying.busy}
          onClick={() => void trying.act(async () => {
            setEffect(await change<readonly PolicyChange[]>("/api/policy/try", { digest: policy.digest, changes }));
            return null;
          })}
        >
          {trying.busy ? "Trying …" : "Show what changes"}
        </Press>
        <Press
          className={effect === null ? undefined : "first"}
          disabled={effect === null || many === 0}
          busy={saving.busy}
          onClick={() => void saving.act(async () => {
            props.saved(await change<Policy>("/api/policy", { digest: policy.digest, changes }));
            await mutate("/api/campaigns");
            return null;
          })}
        >
          Save these rules
        </Press>
      </div>
    </>
  );
}

function Effect(props: { changes: readonly PolicyChange[] }) {
  const changed = props.changes.filter((one) => one.changes);
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    card.current?.focus({ preventScroll: true }); // it stands far below the rule that was changed
    card.current?.scrollIntoView({ block: "start" });
  }, [props.changes]);
  return (
    <section className="card" aria-labelledby="effect" ref={card} tabIndex={-1}>
      <h2 id="effect">What these rules change</h2>
      {changed.length === 0 ? (
        <Empty within title="Nothing changes">
          <p>{props.changes.length === 0 ? "No campaign is open." : `For none of the ${plural(props.changes.length, "pair")} of open campaigns and data sets.`}</p>
        </Empty>
      ) : (
        <Table<PolicyChange>
          caption={`${changed.length} of ${plural(props.changes.length, "pair")} of open campaigns and data sets`}
          id={(row) => `${row.campaign} ${row.data ?? ""}`}
          rows={changed}
          columns={[
            { name: "Campaign", show: (row) => <Foreign text={nameOf(row)} most={80} /> },
            { name: "Data", show: (row) => row.data ?? "–" },
            { name: "Now", show: (row) => <Joins joins={row.joins_before} why={row.why_before} /> },
            { name: "Then", show: (row) => <Joins joins={row.joins_after} why={row.why_after} /> },
          ]}
        />
      )}
    </section>
  );
}

function Joins(props: { joins: boolean; why: string }) {
  return (
    <>
      <Badge tone={props.joins ? "good" : "plain"}>{props.joins ? "joins" : "does not join"}</Badge>
      {props.why !== "allowed" && <div className="hint"><Foreign text={props.why} most={300} /></div>}
    </>
  );
}
