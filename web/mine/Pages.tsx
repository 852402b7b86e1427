import { lazy, Suspense } from "react";
import { Link, Route, Switch } from "wouter";

import { PageHead, type Place, Shell } from "../shared/ui/Shell";
import { Empty, Loading } from "../shared/ui/States";
import { Badge } from "../shared/ui/words";
import { type Status, useMine } from "./api";
import { OverviewPage } from "./overview/OverviewPage";
import { type Session, useSession } from "./session";

const DataPage = lazy(async () => ({ default: (await import("./data/DataPage")).DataPage }));
const AddPage = lazy(async () => ({ default: (await import("./data/AddPage")).AddPage }));
const MappingPage = lazy(async () => ({ default: (await import("./data/MappingPage")).MappingPage }));
const CampaignsPage = lazy(async () => ({ default: (await import("./campaigns/CampaignsPage")).CampaignsPage }));
const RulesPage = lazy(async () => ({ default: (await import("./rules/RulesPage")).RulesPage }));
const EarningsPage = lazy(async () => ({ default: (await import("./books/EarningsPage")).EarningsPage }));
const LedgerPage = lazy(async () => ({ default: (await import("./books/LedgerPage")).LedgerPage }));
const DecisionsPage = lazy(async () => ({ default: (await import("./books/DecisionsPage")).DecisionsPage }));

const PLACES: readonly Place[] = [
  { path: "/", name: "Overview" },
  { path: "/data", name: "Data" },
  { path: "/campaigns", name: "Campaigns" },
  { path: "/rules", name: "Rules" },
  { path: "/earnings", name: "Earnings" },
  { path: "/privacy", name: "Privacy" },
  { path: "/log", name: "Log" },
];
const STATUS_EVERY = 4000;

/** Which page an address shows, to those who were let in. */
export function Pages() {
  const session = useSession();
  if (session.state !== "in") return <Door session={session} />;
  return <Inside />;
}

function Door(props: { session: Session }) {
  return (
    <Shell name="Mine" places={[]}>
      <PageHead title="Your mine" windowTitle="Mine" />
      <div className="card">
        {props.session.state === "entering" ? (
          <Loading what="your mine" />
        ) : (
          <Empty title="Open the link that mine-agent ui printed">
            {props.session.why !== null && <p role="alert">{props.session.why}</p>}
            <p>
              Each link lets in one browser, once. Run <code>mine-agent ui</code> in a terminal and open the last link that it prints.
            </p>
          </Empty>
        )}
      </div>
    </Shell>
  );
}

function Inside() {
  const status = useMine<Status>("/api/status", STATUS_EVERY);
  return (
    <Shell
      name="Mine"
      places={PLACES}
      beside={<State status={status.data} lost={status.error !== undefined} />}
      bottom={
        <>
          <span>These pages are served by this machine and ask no other.</span>
          <span>Everything here can be done with mine-agent, too.</span>
          <a href="/licences.md">Licences</a>
        </>
      }
    >
      <Suspense fallback={<Loading what="the page" />}>
        <Switch>
          <Route path="/"><OverviewPage status={status} /></Route>
          <Route path="/data" component={DataPage} />
          <Route path="/data/add" component={AddPage} />
          <Route path="/data/:name/map/:campaign" component={MappingPage} />
          <Route path="/campaigns" component={CampaignsPage} />
          <Route path="/rules" component={RulesPage} />
          <Route path="/earnings" component={EarningsPage} />
          <Route path="/privacy" component={LedgerPage} />
          <Route path="/log" component={DecisionsPage} />
          <Route>
            <PageHead title="There is no such page" windowTitle="Not found – Mine" lead={<Link href="/">Overview</Link>} />
          </Route>
        </Switch>
      </Suspense>
    </Shell>
  );
}

function State(props: { status: Status | undefined; lost: boolean }) {
  if (props.lost) return <Badge tone="bad">Connection lost</Badge>;
  if (props.status === undefined) return <Badge tone="plain">Connecting</Badge>;
  if (props.status.paused) return <Badge tone="warn">Paused</Badge>;
  if (props.status.running && props.status.open === null) return <Badge tone="warn">Waits for the chain</Badge>;
  return props.status.running ? <Badge tone="live">At work</Badge> : <Badge tone="plain">Not running</Badge>;
}
