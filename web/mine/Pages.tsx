import { Route, Switch } from "wouter";

import { Shell } from "../shared/ui/Shell";
import { Empty } from "../shared/ui/States";

/** Which page an address shows. */
export function Pages() {
  return (
    <Shell name="Mine" places={[]}>
      <Switch>
        <Route>
          <Empty title="There is no such page" />
        </Route>
      </Switch>
    </Shell>
  );
}
