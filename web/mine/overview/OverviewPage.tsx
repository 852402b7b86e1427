import { useState } from "react";
import type { SWRResponse } from "swr";
import { Link } from "wouter";

import { count, plural } from "../../shared/format/numbers";
import { duration } from "../../shared/format/time";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Failure, Loading, Notice, saidOf } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Bar, Foreign, Hash, When } from "../../shared/ui/words";
import { type Happening, shortId, type Status, withoutCommand } from "../api";
import { change } from "../session";

/** What the mine is doing, how far it is and, if it does nothing, why. */
export function OverviewPage(props: { status: SWRResponse<Status, Error> }) {
  const { status } = props;
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function say(path: string) {
    setBusy(true);
    setWrong(null);
    try {
      await change(path);
      await status.mutate();
    } catch (error) {
      setWrong(saidOf(error));
    } finally {
      setBusy(false);
    }
  }

  const found = status.data;
  return (
    <>
      <PageHead title="Overview" windowTitle="Overview – Mine" lead="What your mine is doing now. Your data never leave this machine; what leaves is an encrypted gradient.">
        {found &&
          (found.paused ? (
            <Press className="first" busy={busy} onClick={() => void say("/api/resume")}>Resume</Press>
          ) : (
            <Press busy={busy} onClick={() => void say("/api/pause")}>Pause</Press>
          ))}
      </PageHead>
      {wrong !== null && <Notice kind="bad">{wrong}</Notice>}
      {found === undefined ? (
        <div className="card">{status.error ? <Failure error={status.error} what="the state of your mine" again={() => void status.mutate()} /> : <Loading what="the state of your mine" />}</div>
      ) : (
        <>
          {status.error && <Notice kind="bad">{saidOf(status.error)} What you see is from before.</Notice>}
          <Found status={found} />
        </>
      )}
    </>
  );
}

function Found(props: { status: Status }) {
  const { status } = props;
  return (
    <>
      {status.asked.length > 0 && (
        <Notice kind="warn">
          {plural(status.asked.length, "campaign waits", "campaigns wait")} for your word. <Link href="/campaigns">Approve or refuse</Link>
        </Notice>
      )}
      {status.paused && <Notice kind="warn">Paused: nothing new is begun until you resume. What is due is still claimed.</Notice>}
      <dl className="tiles">
        <div className="tile">
          <dt>Mine</dt>
          <dd>
            {status.running ? "At work" : "Not running"}
            <span className="under">{status.looked_at === null ? "no round yet" : <>last round <When at={status.looked_at} relative happened /></>}</span>
          </dd>
        </div>
        <div className="tile">
          <dt>Campaigns</dt>
          <dd>
            {status.open === null || status.joined === null ? "Unknown" : `${count(status.joined)} of ${count(status.open)}`}
            <span className="under">{status.open === null ? "the chain cannot be read" : "open campaigns that it works for"}</span>
          </dd>
        </div>
        <div className="tile">
          <dt>Account</dt>
          <dd className="plain"><Hash value={status.account} name="the account's address" /><span className="under">chain {status.chain_id}</span></dd>
        </div>
      </dl>
      <section className="card" aria-labelledby="at-hand">
        <h2 id="at-hand">{status.work ? "At hand" : "Why it is quiet"}</h2>
        {status.work ? <Work work={status.work} /> : <Quiet status={status} />}
      </section>
      <section className="card" aria-labelledby="latest">
        <h2 id="latest">Latest</h2>
        {status.happenings.length === 0 ? (
          <Empty within title="Nothing has happened yet"><p>What the mine does is listed here once it runs.</p></Empty>
        ) : (
          <Table<Happening & { place: number }>
            caption="What the mine did, the newest first"
            hideCaption
            id={(row) => row.place}
            rows={status.happenings.map((one, place) => ({ ...one, place }))}
            columns={[
              { name: "Time", show: (row) => <When at={Date.parse(row.time) / 1000} compact /> },
              { name: "Campaign", show: (row) => (row.campaign === undefined ? "–" : <Link href={`/log?campaign=${row.campaign}`}><code>{shortId(row.campaign)}</code></Link>) },
              { name: "What", show: (row) => <Foreign text={withoutCommand(row.sentence)} most={400} /> },
            ]}
          />
        )}
      </section>
    </>
  );
}

function Work(props: { work: Happening }) {
  const { share, seconds_left: left } = props.work;
  return (
    <>
      <p role="status"><Foreign text={props.work.sentence} most={300} /></p>
      {share !== undefined && <div className="gauge"><Bar share={share} /></div>}
      <p className="hint">
        {share !== undefined && `${Math.round(share * 100)} % are done. `}
        {left === undefined ? "How long it will still take is not known yet." : `About ${duration(Math.max(1, left))} left.`}
      </p>
    </>
  );
}

function Quiet(props: { status: Status }) {
  const { quiet } = props.status;
  if (quiet.length === 0) return <p>Nothing keeps it from working: it looks again within its next round.</p>;
  return (
    <ul className="reasons">
      {quiet.map((reason) => (
        <li key={reason.why}>
          <Foreign text={withoutCommand(reason.why)} most={400} />
          {reason.command !== null && <> <WhatToDo command={reason.command} /></>}
        </li>
      ))}
    </ul>
  );
}

/** Where a page does what the command does, the way there; a mine is only begun in a terminal, for its passphrase is asked there. */
const PLACES: readonly (readonly [beginning: string, path: string, words: string])[] = [
  ["mine-agent data add", "/data/add", "Add data"],
  ["mine-agent policy", "/rules", "See the rules"],
  ["mine-agent approve", "/campaigns", "Approve or refuse"],
];

function WhatToDo(props: { command: string }) {
  const { command } = props;
  if (command === "mine-agent resume") return null; // the button stands above
  const place = PLACES.find(([beginning]) => command.startsWith(beginning));
  return place === undefined ? <>In a terminal: <code className="command">{command}</code></> : <Link href={place[1]}>{place[2]}</Link>;
}
