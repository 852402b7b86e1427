import { onchainTable } from "ponder";

/** One row for each event, and no totals: less than the other side keeps. */
export const event = onchainTable("event", (column) => ({
  id: column.text().primaryKey(),
  name: column.text().notNull(),
  campaign: column.hex().notNull(),
  block: column.bigint().notNull(),
  at: column.bigint().notNull(),
  fields: column.json().notNull(),
}));
