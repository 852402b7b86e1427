import { Link, Route, Switch } from "wouter";

import { count } from "../shared/format/numbers";
import { type Place, Shell } from "../shared/ui/Shell";
import { Empty } from "../shared/ui/States";
import { Badge } from "../shared/ui/words";
import { CampaignsPage } from "./campaigns/CampaignsPage";
import { type Line, useNews } from "./news";

const PLACES: readonly Place[] = [{ path: "/", name: "Campaigns" }];
const LINES: Record<Line, string> = { connecting: "Connecting", live: "Live", lost: "Connection lost" };

/** Which page an address shows. */
export function Pages() {
  const { line, block } = useNews();
  return (
    <Shell
      name="Sonar"
      places={PLACES}
      beside={<Badge tone={line === "lost" ? "bad" : "live"}>{LINES[line]}</Badge>}
      bottom={<span>{block !== null && block >= 0 ? `Read up to block ${count(block)}.` : "No block is read yet."} Every number follows from the contract&rsquo;s logs.</span>}
    >
      <Switch>
        <Route path="/" component={CampaignsPage} />
        <Route>
          <Empty title="There is no such page">
            <p>
              <Link href="/">All campaigns</Link>
            </p>
          </Empty>
        </Route>
      </Switch>
    </Shell>
  );
}
