import { ponder } from "ponder:registry";
import { event as table } from "ponder:schema";

for (const name of ["CampaignCreated", "CampaignOpened", "Submitted", "Verdicts", "Improved", "Settled"] as const) {
  ponder.on(`Sonar:${name}`, async ({ event, context }) => {
    const fields = Object.fromEntries(Object.entries(event.args).map(([key, value]) => [key, String(value)]));
    await context.db.insert(table).values({ id: event.id, name, campaign: event.args.id, block: event.block.number, at: event.block.timestamp, fields });
  });
}
