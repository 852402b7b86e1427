import { lazy, Suspense, useMemo } from "react";
import { Link, Route, Switch } from "wouter";

import { count } from "../shared/format/numbers";
import { PageHead, type Place, Shell } from "../shared/ui/Shell";
import { Loading, Notice } from "../shared/ui/States";
import { Badge, Units } from "../shared/ui/words";
import { type Token, useAnswer } from "./api";
import { CampaignPage } from "./campaign/CampaignPage";
import { CampaignsPage } from "./campaigns/CampaignsPage";
import { type Line, useNews } from "./news";

const MinersPage = lazy(async () => ({ default: (await import("./records/MinersPage")).MinersPage }));
const MinerPage = lazy(async () => ({ default: (await import("./records/MinersPage")).MinerPage }));
const CapsulesPage = lazy(async () => ({ default: (await import("./records/CapsulesPage")).CapsulesPage }));
const CapsulePage = lazy(async () => ({ default: (await import("./records/CapsulesPage")).CapsulePage }));
const DaysPage = lazy(async () => ({ default: (await import("./records/DaysPage")).DaysPage }));
const CreatePage = lazy(async () => ({ default: (await import("./create/CreatePage")).CreatePage }));
const ResultPage = lazy(async () => ({ default: (await import("./result/ResultPage")).ResultPage }));

const PLACES: readonly Place[] = [
  { path: "/", name: "Campaigns", also: "/campaigns" },
  { path: "/miners", name: "Miners" },
  { path: "/capsules", name: "Capsules" },
  { path: "/days", name: "Statistics" },
  { path: "/create", name: "New campaign" },
];
const LINES: Record<Line, string> = { connecting: "Connecting", live: "Live", lost: "Connection lost" };

/** Which page an address shows. */
export function Pages() {
  const { line, block, trouble } = useNews();
  const tokens = useAnswer<readonly Token[]>("/tokens").data?.data;
  const units = useMemo(() => new Map((tokens ?? []).map((token) => [token.address, token] as const)), [tokens]);
  return (
    <Shell
      name="Sonar"
      places={PLACES}
      beside={<Badge tone={line === "lost" ? "bad" : trouble !== null ? "warn" : "live"}>{trouble !== null && line === "live" ? "Not up to date" : LINES[line]}</Badge>}
      bottom={
        <>
          <span>{block !== null && block >= 0 ? `Read up to block ${count(block)}.` : "No block is read yet."}</span>
          <span>Every number follows from the contract&rsquo;s logs.</span>
          <a href="/openapi.json">The API</a>
          <a href="/licences.md">Licences</a>
        </>
      }
    >
      {trouble !== null && <Notice kind="warn">This service does not keep up with the chain now; what you see may be old. {trouble.slice(0, 300)}</Notice>}
      <Units value={units}>
        <Suspense fallback={<Loading what="the page" />}>
        <Switch>
          <Route path="/" component={CampaignsPage} />
          <Route path="/campaigns/:id" component={CampaignPage} />
          <Route path="/campaigns/:id/result" component={ResultPage} />
          <Route path="/miners" component={MinersPage} />
          <Route path="/miners/:address" component={MinerPage} />
          <Route path="/capsules" component={CapsulesPage} />
          <Route path="/capsules/:address" component={CapsulePage} />
          <Route path="/days" component={DaysPage} />
          <Route path="/create" component={CreatePage} />
          <Route>
            <PageHead title="There is no such page" windowTitle="Not found – Sonar" lead={<Link href="/">All campaigns</Link>} />
          </Route>
        </Switch>
        </Suspense>
      </Units>
    </Shell>
  );
}
