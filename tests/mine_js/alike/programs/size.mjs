/** Whether models of some sizes are carried, and what is said if not. */
import { requirePaillierSize } from "../../../../mine_js/dist/syft/paillier/layout.js";
import { RlweLayout } from "../../../../mine_js/dist/syft/rlwe/layout.js";
import { answerAll } from "./answering.mjs";

await answerAll(({ scheme, rows, columns, bits, bound }) => {
  if (scheme === "rlwe") RlweLayout.choose(rows, columns, bound);
  else requirePaillierSize(rows, columns, bits, bound);
  return { error: "", says: "" };
});
