import { plural } from "../../shared/format/numbers";
import { Choice, Input } from "../../shared/ui/Input";
import type { Advice } from "./advice";
import type { Draft } from "./draft";
import { choicesOf, familyOf, labelOf, metricOf, RANDOM_FEATURES } from "./model";
import type { Sheet } from "./table";

const SCHEMES: Record<string, string> = { paillier: "Paillier", rlwe: "Ring-LWE" };

/** What is learned and under which encryption. Each is chosen already, for the reason beside it. */
export function ModelChoices(props: { draft: Draft; sheet: Sheet | null; advice: Advice | null; edit: (name: keyof Draft) => (value: string) => void; wrong: Partial<Record<keyof Draft | "file", string>> }) {
  const { draft, sheet, advice, edit, wrong } = props;
  const label = labelOf(draft);
  const choices = label === undefined ? null : choicesOf(label);
  const measured = sheet === null ? { metric: draft.metric, why: "" } : measuredBy(draft, sheet);
  const advised = advice?.costs.find((cost) => cost.advised)?.scheme;
  return (
    <>
      {label !== undefined && choices !== null && (
        <>
          <Choice label="Model" value={familyOf(draft, label)} onChange={edit("family")} options={recommended(choices.families)} wrong={wrong.family} hint="A neural network: sonar campaign create." />
          <Choice label="Features" value={draft.bends} onChange={edit("bends")} options={[["no", "The fields as they are"], ["yes", `${plural(RANDOM_FEATURES, "random feature")}, which see bends`]]} hint="Try the fields as they are first: more features make a visit longer." />
          <Choice label="Measured by" value={measured.metric} onChange={edit("metric")} options={choices.metrics} hint={measured.why} />
        </>
      )}
      <Choice
        label="Encryption"
        value={draft.scheme}
        onChange={edit("scheme")}
        options={[["", advised === undefined ? "As recommended for its size" : `${SCHEMES[advised] ?? advised} (recommended)`], ...Object.entries(SCHEMES).filter(([name]) => name !== advised)]}
        hint="Ring-LWE is quicker for large models; Paillier sends less."
      />
      {draft.scheme !== "rlwe" && (
        <Choice label="Size of the key" value={draft.keyBits} onChange={edit("keyBits")} options={[["3072", "3072 bit"], ["2048", "2048 bit, quicker to try"], ["4096", "4096 bit"]]} hint="Of Paillier." />
      )}
      <Input label="Steps of training at a mine" value={draft.trainingSteps} onChange={edit("trainingSteps")} wrong={wrong.trainingSteps} hint="Few: most mines add noise, which more steps amplify." more={{ inputMode: "numeric" }} />
    </>
  );
}

function recommended(families: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return families.map(([name, shown], place) => [name, place === 0 && families.length > 1 ? `${shown} (recommended)` : shown] as const);
}

/** Where a record does not fit, that is said elsewhere. */
function measuredBy(draft: Draft, sheet: Sheet): { metric: string; why: string } {
  const label = labelOf(draft);
  try {
    return label === undefined ? { metric: "", why: "" } : metricOf(draft, label, sheet);
  } catch {
    return { metric: "", why: "" };
  }
}
