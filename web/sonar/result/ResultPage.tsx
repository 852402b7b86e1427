import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Link } from "wouter";

import { percent, plural } from "../../shared/format/numbers";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Failure, Loading, Notice, saidOf } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Badge, Foreign, Hash } from "../../shared/ui/words";
import { type Answer, type Campaign, type Submission, useAnswer } from "../api";
import { readSpec } from "../campaign/spec";
import { VERDICTS } from "../campaigns/state";
import { Below, Input } from "../../shared/ui/Input";
import { verified } from "../create/make";
import { cidDigest } from "../protocol/cid";
import { contradictions, modelFile, openSealed, readResult, type Result } from "../protocol/result";
import { ClaimCard } from "./ClaimCard";

interface Opened {
  readonly result: Result;
  readonly against: readonly string[];
  readonly spec: Record<string, unknown>;
}

/** The delivered model, opened in this browser with the scientist's key; and taking back what nobody earned. */
export function ResultPage(props: { params: { id: string } }) {
  const path = `/campaigns/${encodeURIComponent(props.params.id)}`;
  const asked = useAnswer<Campaign>(path);
  const submissions = useAnswer<readonly Submission[]>(asked.data ? `${path}/submissions?limit=500` : null);
  const title = asked.data?.data.title ?? null;
  let body: ReactNode;
  if (asked.data === undefined) {
    body = <div className="card">{asked.error ? <Failure error={asked.error} what="this campaign" again={() => void asked.mutate()} /> : <Loading what="the campaign" />}</div>;
  } else {
    const campaign = asked.data.data;
    body = (
      <>
        {campaign.result === null ? (
          <div className="card">
            <Empty title="There is no result yet">
              <p>Capsule delivers it when the target is reached, or when the campaign is over and everything is judged.</p>
            </Empty>
          </div>
        ) : submissions.data === undefined ? (
          <div className="card">{submissions.error ? <Failure error={submissions.error} what="the submissions" /> : <Loading what="the submissions" />}</div>
        ) : (
          <OpenCard answer={asked.data} submissions={submissions.data.data} />
        )}
        <ClaimCard answer={asked.data} />
      </>
    );
  }
  return (
    <>
      <p className="crumbs small">
        <Link href={`/campaigns/${props.params.id}`}>{title === null || title === "" ? "The campaign" : <Foreign text={title} most={80} />}</Link>
      </p>
      <PageHead title="Result" windowTitle="Result – Sonar" lead="For the campaign's Data Scientist. The key stays in this browser, and nothing that is opened here leaves it." />
      {body}
    </>
  );
}

function OpenCard(props: { answer: Answer<Campaign>; submissions: readonly Submission[] }) {
  const [secret, setSecret] = useState<string | null>(null);
  const [passphrase, setPassphrase] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened | null>(null);
  const id = useId();
  const open = async (key: string) => {
    setBusy(true);
    setTrouble(null);
    try {
      setOpened(await openResult(props.answer, props.submissions, key, passphrase));
      setPassphrase("");
    } catch (error) {
      setTrouble(saidOf(error));
    } finally {
      setBusy(false);
    }
  };
  if (opened !== null) return <Shown opened={opened} campaign={props.answer.data} submissions={props.submissions} />;
  return (
    <section className="card" aria-labelledby="open">
      <h2 id="open">Open the model</h2>
      {trouble !== null && <Notice kind="bad">{trouble}</Notice>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (secret !== null) void open(secret);
        }}
      >
        <div className="form">
          <div className="field">
            <label htmlFor={id}>Your key (openmined-key.asc)</label>
            <input id={id} type="file" accept=".asc,.pgp" aria-describedby={`${id}-hint`} onChange={(event) => void event.target.files?.[0]?.text().then(setSecret)} />
            <Below id={`${id}-hint`} hint="The file that this page gave you when you made the key, with the campaign." />
          </div>
          <Input label="Its passphrase" value={passphrase} onChange={setPassphrase} more={{ type: "password", autoComplete: "off" }} />
        </div>
        <div className="row spaced">
          <Press type="submit" className="first" disabled={secret === null} busy={busy}>
            {busy ? "Opening …" : "Open"}
          </Press>
        </div>
      </form>
      <p className="hint">A campaign that was created on the command line is opened there: <code>sonar campaign result</code>.</p>
    </section>
  );
}

async function openResult(answer: Answer<Campaign>, submissions: readonly Submission[], secret: string, passphrase: string): Promise<Opened> {
  const campaign = answer.data;
  if (campaign.spec === null || campaign.result === null) throw new Error("The chain names no spec or no result for this campaign.");
  const specBytes = await verified(campaign.spec);
  const spec = readSpec(specBytes);
  const capsule = await verified(spec.capsuleCertificate);
  const sealed = await verified(campaign.result);
  const inside = await openSealed(sealed, secret, passphrase, capsule);
  const digest = `0x${Array.from(cidDigest(campaign.spec), (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
  const result = readResult(inside, { chainId: answer.chain_id, contract: answer.contract, campaign, spec: digest });
  return { result, against: contradictions(result, campaign, submissions), spec: JSON.parse(new TextDecoder().decode(specBytes)) as Record<string, unknown> };
}

function Shown(props: { opened: Opened; campaign: Campaign; submissions: readonly Submission[] }) {
  const { result, against, spec } = props.opened;
  // The result has the octets of an address; the chain's list writes it as it is written everywhere.
  const written = new Map(props.submissions.map((one) => [one.miner.toLowerCase(), one.miner]));
  const save = () => {
    const address = URL.createObjectURL(new Blob([modelFile(result, props.campaign.id, spec)]));
    const link = document.createElement("a");
    link.href = address;
    link.download = "model.safetensors";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  const { target } = props.campaign.terms;
  const top = useRef<HTMLElement>(null);
  useEffect(() => top.current?.focus(), []);
  return (
    <section ref={top} tabIndex={-1} className="stack" aria-label="The opened result">
      {against.length === 0 ? (
        <Notice kind="good">Signed by the campaign&rsquo;s Capsule, and it agrees with the chain.</Notice>
      ) : (
        <Notice kind="bad">Capsule signed a result that contradicts the chain. {against.slice(0, 3).join("; ")}.</Notice>
      )}
      <dl className="tiles">
        <div className="tile"><dt>Accuracy</dt><dd>{percent(result.finalPpm)}<span className="under">from {percent(result.startPpm)} at the start</span></dd></div>
        <div className="tile"><dt>Improvements</dt><dd>{result.version}<span className="under">of {plural(result.record.length, "submission")}</span></dd></div>
        <div className="tile"><dt>Weights</dt><dd>{result.shape[0]} × {result.shape[1]}<span className="under">the last row is the bias</span></dd></div>
      </dl>
      <section className="card" aria-labelledby="model">
        <div className="card-head">
          <h2 id="model">Your model</h2>
          <button type="button" className="first" onClick={save}>
            Save the model
          </button>
        </div>
        <p className="hint">
          Open the saved file in Python: <code>Estimator.load(&quot;model.safetensors&quot;).predict(...)</code>
        </p>
      </section>
      <section className="card" aria-labelledby="record">
        <h2 id="record">What became of each submission</h2>
        <Table
          caption="Submissions in the order of the queue"
          hideCaption
          columns={[
            { name: "No.", show: (one) => one.index },
            { name: "Miner", show: (one) => <Hash value={written.get(one.miner.toLowerCase()) ?? one.miner} name="miner's address" /> },
            { name: "Verdict", show: (one) => <Badge tone={VERDICTS[one.verdict].tone}>{VERDICTS[one.verdict].word}</Badge> },
            { name: "Step", right: true, show: (one) => one.step ?? "–" },
            { name: "Accuracy with it", right: true, show: (one) => (one.score === null ? "–" : percent(one.score)) },
          ]}
          rows={result.record}
          id={(one) => one.index}
        />
        {result.record.some((one) => (one.score ?? 0) > target) && <p className="hint">Accuracy above the target counts as the target, {percent(target)}.</p>}
      </section>
    </section>
  );
}
