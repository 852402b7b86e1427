import { type MouseEvent, useId, useMemo, useState } from "react";

import { percent, plural } from "../../shared/format/numbers";
import { exact } from "../../shared/format/amount";
import { PageHead } from "../../shared/ui/Shell";
import { Failure, saidOf } from "../../shared/ui/States";
import { Amount } from "../../shared/ui/words";
import { type Token, useAnswer } from "../api";
import { weiPerPoint } from "../campaign/words";
import { type Advice, objectionsIn, schemeOf, useAdvice, useGuards } from "./advice";
import { type Draft, ETHER_UNIT, faults, freeRiding, type Guards, missingFrom, moneyOf, NEW_DRAFT, PURPOSES, type Unit } from "./draft";
import { FieldEditor } from "./FieldEditor";
import { Below, Choice, Input } from "../../shared/ui/Input";
import type { Certificate } from "./make";
import { ModelChoices } from "./ModelChoices";
import { labelOf, startOf } from "./model";
import { type Key, OwnKeyCard } from "./OwnKey";
import { SendCard } from "./SendCard";
import { guess, readSheet, type Sheet } from "./table";

const LARGEST_FILE = 40 << 20;

/** A campaign from a file of validation records, in four steps on one page. */
export function CreatePage() {
  const [typed, setDraft] = useState<Draft>(NEW_DRAFT);
  const [sheet, setSheet] = useState<Sheet | null>(null);
  const [fileTrouble, setFileTrouble] = useState<string | null>(null);
  const [own, setOwn] = useState<Key | null>(null);
  const [locked, setLocked] = useState(false);
  const [meant, setMeant] = useState(""); // the sentences that were agreed to: others are asked anew
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  const certificates = useAnswer<readonly Certificate[]>("/certificates");
  const capsules = certificates.data?.data ?? [];
  const only = capsules.length === 1 ? (capsules[0]?.address ?? "") : ""; // there is nothing to choose
  const draft = useMemo(() => (typed.capsule === "" ? { ...typed, capsule: only } : typed), [typed, only]);
  const label = labelOf(draft);
  const [start, startTrouble] = measured(draft, sheet);
  const token = useAnswer<Token>(/^0x[0-9a-fA-F]{40}$/.test(draft.asset) ? `/tokens/${draft.asset}` : null);
  const unit = unitOf(draft, token.data?.data);
  const recommended = useGuards(draft, sheet, unit);
  const guards = recommended.data ?? null;
  const wrong = { ...faults(draft, sheet, start, unit, guards), ...(draft.asset !== "" && token.error ? { asset: saidOf(token.error) } : {}) };
  const isWhole = Object.keys(wrong).length === 0 && startTrouble === null && unit !== null && guards !== null;
  const advice = useAdvice(draft, sheet, start, unit, guards, certificates.data, isWhole);
  const objections = advice === null ? [] : objectionsIn(advice);
  const riding = isWhole && sheet !== null ? freeRiding(draft, sheet, guards, unit) : [];
  const unmeant = meant === riding.join(" ") ? [] : riding.map((sentence) => `Paid without a record: ${sentence} Or say that it is meant, in step 2.`);
  const missing = [...missingFrom({ wrong, startTrouble, objections, waits: unit === null || (sheet !== null && guards === null), hasKey: own !== null }), ...unmeant];
  const symbol = unit?.symbol ?? "token";
  const edit = (name: keyof Draft) => (value: string) => {
    setShown((before) => new Set(before).add(name));
    setDraft((before) => ({ ...before, [name]: value }));
  };
  const seen = (name: keyof Draft) => (shown.has(name) ? wrong[name] : undefined);
  const read = async (file: File | undefined) => {
    setFileTrouble(null);
    if (file === undefined) return;
    try {
      if (file.size > LARGEST_FILE) throw new Error(`The file has ${Math.ceil(file.size / 2 ** 20)} MiB; at most 40 MiB can be sealed here. The command line takes larger ones.`);
      const found = readSheet(await file.text());
      setSheet(found);
      setDraft((before) => ({ ...before, fields: guess(found) }));
    } catch (error) {
      setSheet(null);
      setDraft((before) => ({ ...before, fields: [] }));
      setFileTrouble(saidOf(error));
    }
  };
  return (
    <>
      <PageHead title="Have a model trained" windowTitle="New campaign – Sonar" lead="Say what you want to predict and what it is worth to you. Data owners train the model while it is encrypted; you pay for what they add." />
      <fieldset disabled={locked} className="bare">
        <section className="card" aria-labelledby="what">
          <h2 id="what">1. What is predicted, from what</h2>
          <div className="form">
            <Input wide label="Title" value={draft.title} onChange={edit("title")} wrong={seen("title")} more={{ maxLength: 200 }} />
            <Input wide label="Description" value={draft.description} onChange={edit("description")} hint="Which records fit, and what the model is for. Data owners decide by it." more={{ maxLength: 2000 }} />
            <Choice label="Purpose" value={draft.purpose} onChange={edit("purpose")} options={PURPOSES} hint="Data owners have rules about it." />
            <FileField onFile={(file) => void read(file)} trouble={fileTrouble ?? (sheet === null ? null : (wrong.file ?? null))} sheet={sheet} />
          </div>
          <div role="status">
            {label !== undefined && sheet !== null && (
              <p className="spaced">
                <span className="hidden">{plural(sheet.rows.length, "record")} were read. </span>
                Predicted is <strong><bdi>{label.name.slice(0, 60)}</bdi></strong>, from {plural(draft.fields.filter((field) => field.use === "field").length, "other column")}. “Use” changes that.
              </p>
            )}
          </div>
          {sheet !== null && (
            <div className="spaced">
              <FieldEditor fields={draft.fields} sheet={sheet} onChange={(fields) => setDraft((before) => ({ ...before, fields }))} />
              {(wrong.fields ?? startTrouble) != null && <p className="wrong" role="alert">{wrong.fields ?? startTrouble}</p>}
              {start !== null && wrong.fields === undefined && <p className="hint">The model starts at {percent(start)}: what one that has learned nothing gets. Capsule measures this, too.</p>}
            </div>
          )}
        </section>
        <section className="card" aria-labelledby="pay">
          <h2 id="pay">2. What it pays</h2>
          <div className="form">
            <Input label={`Bounty (${symbol})`} value={draft.bounty} onChange={edit("bounty")} wrong={seen("bounty")} hint="Goes into escrow; what nobody earns comes back." more={{ inputMode: "decimal" }} />
            <Input label="Target (%)" value={draft.target} onChange={edit("target")} wrong={wrong.target} hint="Reaching it ends the campaign." more={{ inputMode: "decimal" }} />
            <Input label="Least gain (%)" value={draft.minGain} onChange={edit("minGain")} wrong={seen("minGain")} hint={gainHint(draft, sheet, guards)} more={{ inputMode: "decimal", placeholder: guards === null ? "as recommended" : String(guards.min_gain / 10_000) }} />
            <Input label="Open for (days)" value={draft.days} onChange={edit("days")} wrong={seen("days")} more={{ inputMode: "decimal" }} />
            <Input label={`Stake of a submission (${symbol})`} value={draft.stake} onChange={edit("stake")} wrong={seen("stake")} hint="Comes back, unless it cannot be used." more={{ inputMode: "decimal" }} />
            <Input label={`Fee of a submission (${symbol})`} value={draft.fee} onChange={edit("fee")} wrong={seen("fee")} hint="For Capsule's work, and so that guesses cost more than they find: 0.2 % of the bounty unless you say another." more={{ inputMode: "decimal", placeholder: guards === null || unit === null ? "as recommended" : exact(guards.fee, unit.decimals) }} />
            <Choice
              label="Capsule"
              value={draft.capsule}
              onChange={edit("capsule")}
              options={[...(only === "" ? [["", "Choose one"] as const] : []), ...capsules.map((one) => [one.address, `${one.address.slice(0, 8)}…${one.address.slice(-6)}`] as const)]}
              hint="It opens your validation records, judges, and keeps the keys."
              wrong={seen("capsule")}
            />
          </div>
          {certificates.error && <Failure error={certificates.error} what="the list of Capsules" again={() => void certificates.mutate()} />}
          {objections.map((objection) => <p key={objection} className="wrong" role="alert">{objection}</p>)}
          {recommended.error && <Failure error={recommended.error} what="what is recommended against luck" again={() => void recommended.mutate()} />}
          {riding.length > 0 && (
            <div className="spaced" role="group" aria-label="Paid without a record">
              {riding.map((sentence) => <p key={sentence} className="wrong" role="alert">{sentence}</p>)}
              <label><input type="checkbox" checked={meant === riding.join(" ")} onChange={(event) => setMeant(event.target.checked ? riding.join(" ") : "")} /> Pay for it all the same</label>
            </div>
          )}
          <CostPreview draft={draft} guards={guards} ok={wrong.bounty === undefined && wrong.target === undefined && wrong.minGain === undefined} start={start} unit={unit} advice={advice} />
          <details className="spaced">
            <summary>More settings</summary>
            <div className="form roomy spaced">
              <ModelChoices draft={draft} sheet={sheet} advice={advice} edit={edit} wrong={wrong} />
              <Input label="Pay in a token" value={draft.asset} onChange={edit("asset")} wrong={wrong.asset} hint="The address of an ERC-20 token; nothing for ether." more={{ spellCheck: false }} />
            </div>
          </details>
        </section>
        <OwnKeyCard value={own} onChange={setOwn} />
      </fieldset>
      <SendCard draft={draft} sheet={sheet} own={own?.certificate ?? null} unit={unit} guards={guards} place={certificates.data} missing={missing} onLock={setLocked} />
    </>
  );
}

function gainHint(draft: Draft, sheet: Sheet | null, guards: Guards | null): string {
  if (guards === null || sheet === null) return "A smaller step is not paid. Leave it empty for what keeps luck out.";
  const luck = `A smaller step is not paid: of so many records, what is below ${percent(guards.min_gain)} is luck.`;
  if (draft.minGain !== "" || guards.guiding_rows === 0) return luck;
  return `${luck} ${plural(guards.guiding_rows, "record")} of them, drawn by chance, only guide; the others decide what is paid.`;
}

/** How the bounty is counted; null while a token has not said it. */
function unitOf(draft: Draft, token: Token | undefined): Unit | null {
  if (draft.asset === "") return ETHER_UNIT;
  return token?.address.toLowerCase() !== draft.asset.toLowerCase() ? null : { symbol: token.symbol ?? "tokens", decimals: token.decimals };
}

function measured(draft: Draft, sheet: Sheet | null): [number | null, string | null] {
  if (sheet === null) return [null, null];
  try {
    return [startOf(draft, sheet), null];
  } catch (error) {
    return [null, saidOf(error)];
  }
}

function FileField(props: { onFile: (file: File | undefined) => void; trouble: string | null; sheet: Sheet | null }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Validation records (CSV)</label>
      <input id={id} type="file" accept=".csv,text/csv" aria-describedby={`${id}-hint`} aria-invalid={props.trouble !== null} onClick={chooseAnew} onChange={(event) => props.onFile(event.target.files?.[0])} />
      <Below id={`${id}-hint`} wrong={props.trouble ?? undefined} hint={props.sheet === null ? "They are sealed in this browser; only Capsule can open them." : `${plural(props.sheet.rows.length, "record")}, ${plural(props.sheet.names.length, "column")}.${props.sheet.rows.length < 200 ? " Hundreds are better than dozens." : ""}`} />
    </div>
  );
}

/** A file that was mended and is chosen again counts as a new one. */
function chooseAnew(event: MouseEvent<HTMLInputElement>): void {
  event.currentTarget.value = "";
}

function CostPreview(props: { draft: Draft; guards: Guards | null; ok: boolean; start: number | null; unit: Unit | null; advice: Advice | null }) {
  const { draft, unit, advice } = props;
  if (!props.ok || unit === null) return null;
  const money = moneyOf(draft, unit.decimals, props.guards);
  const start = props.start ?? 0;
  const paid = money.target > 0 ? (money.bounty * BigInt(Math.max(0, money.target - start))) / BigInt(money.target) : 0n;
  const amount = (wei: bigint) => <Amount wei={wei.toString()} {...(draft.asset === "" ? {} : { asset: draft.asset, of: unit })} />;
  const scheme = advice === null ? null : schemeOf(draft, advice);
  const cost = advice?.costs.find((one) => one.scheme === scheme);
  return (
    <dl className="facts preview spaced" aria-label="What it costs">
      <dt>Each percentage point pays</dt>
      <dd>{amount(weiPerPoint(money.bounty, money.target, start, false))}</dd>
      <dt>Paid in all at the target</dt>
      <dd>{amount(paid)}{start > 0 && <span className="soft"> (the rest stands for what the model knows at the start, and comes back)</span>}</dd>
      <dt>A mine puts down</dt>
      <dd>{amount(money.stake + money.fee)} for each submission</dd>
      {cost !== undefined && (
        <>
          <dt>A mine&rsquo;s visit takes</dt>
          <dd>
            about {seconds(cost.visit_seconds)} <span className="soft">(a computer like this service&rsquo;s; {megabytes(cost.model_bytes)} come, {megabytes(cost.gradient_bytes)} go)</span>
          </dd>
        </>
      )}
    </dl>
  );
}

function seconds(value: number): string {
  return value < 1 ? `${Math.max(10, Math.round(value * 100) * 10)} ms` : `${value.toPrecision(2)} s`;
}

function megabytes(value: number): string {
  return value < 1e5 ? `${Math.max(1, Math.round(value / 1e3))} kB` : `${(value / 1e6).toPrecision(2)} MB`;
}
