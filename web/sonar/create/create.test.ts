import { describe, expect, test } from "vitest";

import { specOf } from "./document";
import { type Draft, ETHER_UNIT, faults, freeRiding, maxStart, missingFrom, moneyOf, NEW_DRAFT, ppm } from "./draft";
import { choicesOf, familyOf, labelOf, labelsDiffer, metricOf, parametersOf, startOf } from "./model";
import { guess, readSheet, TableError, typed } from "./table";

const CSV = "\ufeffage,temperature,antibiotics,ward,fever\n40,37.5,true,surgery,no\n61, 38.9 ,false,\"cardiology, east\",yes\n55,36.6,true,surgery,no\n";

function draftOf(csv: string, more: Partial<Draft> = {}): [Draft, ReturnType<typeof readSheet>] {
  const sheet = readSheet(csv);
  return [{ ...NEW_DRAFT, title: "Fever", capsule: "0x1", fields: guess(sheet), ...more }, sheet];
}

/** Without the one that the test's few records have anyway. */
const otherFaults = ({ file, ...others }: ReturnType<typeof faults>) => (expect(file).toMatch(/^3 records decide/), others);

describe("a file of records", () => {
  test("is understood: kinds, round public ranges, and the last column as what is predicted", () => {
    const [{ fields }] = draftOf(CSV);
    expect(fields.map((field) => [field.name, field.use, field.kind])).toEqual([
      ["age", "field", "integer"], ["temperature", "field", "number"], ["antibiotics", "field", "boolean"], ["ward", "field", "category"], ["fever", "label", "category"],
    ]);
    const [age, , , ward] = fields;
    expect([age?.low, age?.high]).toEqual(["40", "70"]);
    expect(ward?.values).toEqual(["cardiology, east", "surgery"]);
  });
  test("has a range of its own for a column that never changes, and whole ends for whole numbers", () => {
    const [{ fields }] = draftOf("black,five,half,narrow,y\n0,5,0.5,3,1\n0,5,0.5,4,0\n");
    expect(fields.slice(0, 4).map((field) => [field.low, field.high])).toEqual([["0", "1"], ["5", "6"], ["0.5", "0.51"], ["3", "4"]]);
  });
  test("is refused by row and column where it does not fit", () => {
    for (const [csv, said] of [
      ["", /no records/], ["a,b", /no records/], ["a,b\n1", /Row 2 has 1/], ["a,a\n1,2", /called "a"/], [",b\n1,2", /no name/],
    ] as const) {
      expect(() => readSheet(csv)).toThrow(said);
    }
    const [draft, sheet] = draftOf("a,kind\n1,x\n,y\n");
    const [first] = draft.fields;
    if (first === undefined) throw new Error("no field");
    expect(() => typed(sheet, first)).toThrow(TableError);
    expect(() => typed(sheet, first)).toThrow(/Row 3, column "a" is empty; a whole number/);
  });
  test("keeps classes that are whole numbers as numbers", () => {
    const [draft, sheet] = draftOf("x,label\n0.5,1\n0.7,0\n0.1,1\n");
    const label = draft.fields[1];
    expect([label?.kind, label?.values]).toEqual(["category", ["0", "1"]]);
    expect(label && typed(sheet, label)).toEqual({ type: "integer", values: [1, 0, 1] });
  });
});

describe("a draft", () => {
  test("starts at the share of its first class, rounded down; a number starts at 0", () => {
    expect(startOf(...draftOf(CSV))).toBe(666_666);
    expect(startOf(...draftOf("x,y\n1,0.5\n2,0.25\n"))).toBe(0);
  });
  test("names each fault at its input, and none when all is well", () => {
    const [draft, sheet] = draftOf(CSV);
    expect(otherFaults(faults(draft, sheet, 666_666))).toEqual({});
    expect(Object.keys(faults({ ...draft, minGain: "0", fee: "x" }, sheet, 666_666)).sort()).toEqual(["fee", "file", "minGain"]);
    expect(Object.keys(faults({ ...NEW_DRAFT, bounty: "-1", stake: "x", days: "366", trainingSteps: "0" }, null, null)).sort()).toEqual(
      ["bounty", "capsule", "days", "file", "stake", "title", "trainingSteps"],
    );
    expect(faults({ ...draft, target: "66.6" }, sheet, 666_666).target).toMatch(/Guessing alone/);
    expect(faults({ ...draft, target: "10", minGain: "10.0001" }, sheet, 0).minGain).toBeDefined();
  });
  test("has exact amounts, and a bound on the start that the contract takes", () => {
    const money = moneyOf({ ...NEW_DRAFT, bounty: "1.000000000000000001", target: "80", minGain: "0.5" });
    expect([money.bounty, money.target, money.minGain]).toEqual([1_000_000_000_000_000_001n, 800_000, 5_000]);
    expect(maxStart(money, 333_333)).toBe(343_333);
    expect(maxStart(money, 794_000)).toBe(795_000);
    expect([ppm("100"), ppm("100.0001"), ppm("0.00001"), ppm("")]).toEqual([1_000_000, null, null, null]);
  });
  test("takes the service's guards against luck unless it says its own", () => {
    const guards = { guiding_rows: 180, min_gain: 50_000, fee: "2000000000000000" };
    const unsaid = moneyOf(NEW_DRAFT, 18, guards);
    expect([unsaid.minGain, unsaid.guidingRows, unsaid.fee]).toEqual([50_000, 180, 2n * 10n ** 15n]);
    const said = moneyOf({ ...NEW_DRAFT, minGain: "1", fee: "0" }, 18, guards);
    expect([said.minGain, said.guidingRows, said.fee]).toEqual([10_000, 0, 0n]);
    const [draft, sheet] = draftOf(CSV, { target: "70" });
    expect(faults(draft, sheet, 666_666, undefined, { ...guards, min_gain: 33_335 }).target).toBe("Guessing alone reaches 66.6666 % of your records; the target must be above that by the least gain.");
    expect(faults(draft, sheet, 666_666, undefined, { ...guards, min_gain: 33_334 }).target).toBeUndefined();
  });
  test("needs so many records that none earns over a tenth of the bounty", () => {
    const [draft, sheet] = draftOf(CSV, { target: "80" });
    const rows = (count: number) => ({ ...sheet, rows: Array.from({ length: count }, (_, at) => sheet.rows[at % sheet.rows.length] ?? []) });
    expect(faults(draft, rows(12), 333_333).file).toBe("12 records decide over the bounty: one more right earns over a tenth of it, by luck or not. For this target choose 13 or more.");
    expect(faults({ ...draft, minGain: "1" }, rows(13), 333_333).file).toBeUndefined();
    expect(faults(draft, rows(99), 333_333).file).toMatch(/^99 records cannot be told from luck.*Choose 100 or more/);
    expect(faults(draft, rows(100), 333_333).file).toBeUndefined();
    const guards = { guiding_rows: 100, min_gain: 10_000, fee: "0" };
    expect(faults({ ...draft, target: "8" }, rows(200), 10_000, undefined, guards).file).toBe("100 records decide over the bounty: one more right earns over a tenth of it, by luck or not. For this target choose 250 or more.");
    expect(faults({ ...draft, target: "10" }, rows(200), 10_000, undefined, guards).file).toBeUndefined();
  });
  test("asks back where somebody without a record would be paid, at each edge, with what to change", () => {
    const guards = { guiding_rows: 50, min_gain: 100_000, fee: "2000" };
    const rows = (rare: number, more: Partial<Draft> = {}, count = 100) => {
      const [draft, sheet] = draftOf(`x,y\n${"1,a\n".repeat(count - rare)}${"2,b\n".repeat(rare)}`, more);
      return freeRiding(draft, sheet, guards, ETHER_UNIT);
    };
    const fee = (wei: number) => ({ fee: `0.${String(wei).padStart(18, "0")}` });
    expect([rows(24), rows(24, { metric: "accuracy" }), rows(25, { metric: "balanced_accuracy" }), rows(50, { trainingSteps: "8", minGain: "10", ...fee(2000) })]).toEqual([[], [], [], []]);
    expect(rows(24, { metric: "balanced_accuracy" })).toEqual([expect.stringMatching(/Measure by AUC/)]);
    expect(rows(50, { trainingSteps: "7" })).toEqual([expect.stringMatching(/8 or more/)]);
    expect(rows(50, { minGain: "9.9999" })).toEqual([expect.stringMatching(/below 10 %/)]);
    expect(rows(50, fee(1999))).toEqual([expect.stringMatching(/Leave the fee empty/)]);
    expect(rows(50, { minGain: "10" }, 99)).toEqual([expect.stringMatching(/^99 records/)]);
  });
  test("starts, where records only guide, at the share of the others", () => {
    const [draft, sheet] = draftOf(CSV);
    expect(startOf(draft, sheet, [true, false, false])).toBe(500_000);
    const label = labelOf(draft);
    expect(label && [labelsDiffer(sheet, label, [true, false, false]), labelsDiffer(sheet, label, [false, true, false])]).toEqual([true, false]);
  });
  test("recommends what the command line recommends: family, metric where one class is frequent, features by their number", () => {
    const [draft, sheet] = draftOf(`x,y\n${"1,a\n".repeat(9)}2,b\n`);
    const label = labelOf(draft);
    if (label === undefined) throw new Error("no label");
    expect([familyOf(draft, label), metricOf(draft, label, sheet).metric]).toEqual(["logistic", "auc"]);
    expect(metricOf({ ...draft, metric: "accuracy" }, label, sheet).metric).toBe("accuracy");
    const starts = ["", "balanced_accuracy", "accuracy"].map((metric) => startOf({ ...draft, metric }, sheet));
    expect(starts).toEqual([500_000, 500_000, 900_000]);
    expect(parametersOf({ ...draft, bends: "yes" })).toEqual({ features: { name: "fourier", count: 256, gamma: 0.3 } });
    const [numbers] = draftOf("x,y\n1,0.5\n2,0.25\n");
    const number = labelOf(numbers);
    expect(number && choicesOf(number).families.map(([name]) => name)).toEqual(["ridge", "linear"]);
    expect(faults({ ...draft, family: "ridge" }, sheet, 0).family).toBeDefined();
  });
  test("is refused where all records have one label", () => {
    const [draft, sheet] = draftOf("x,y\n1,a\n2,a\n");
    const two = { ...draft, fields: draft.fields.map((field) => (field.use === "label" ? { ...field, values: ["a", "b"] } : field)) };
    expect(faults(two, sheet, 1_000_000).fields).toMatch(/same "y", and measure nothing/);
  });
  test("counts in a token's own decimals", () => {
    const [draft, sheet] = draftOf(CSV, { bounty: "2.000001", stake: "0", fee: "0", asset: `0x${"11".repeat(20)}` });
    const unit = { symbol: "USDX", decimals: 6 };
    expect(otherFaults(faults(draft, sheet, 666_666, unit))).toEqual({});
    expect(moneyOf(draft, 6).bounty).toBe(2_000_001n);
    expect(faults({ ...draft, bounty: "2.0000001" }, sheet, 666_666, unit).bounty).toMatch(/USDX above 0, with at most 6 digits/);
    expect(faults({ ...draft, asset: "0x1" }, sheet, 666_666, unit).asset).toBeDefined();
  });
  test("becomes a spec with its fields in the file's order", () => {
    const [draft] = draftOf(CSV);
    const spec = specOf(draft, 666_666, { sealed: "Qm", digest: "0x", rows: 3, guidingRows: 1, capsuleCertificate: "Qm", scientistCertificate: "Qm", metric: "accuracy", scheme: "rlwe" }) as unknown as {
      algorithm: { family: string };
      scheme: string;
      key_bits: number;
      validation: unknown;
      input_schema: { openmined: { fields: string[] }; properties: Record<string, unknown> };
    };
    expect([spec.algorithm.family, spec.scheme, spec.key_bits]).toEqual(["logistic", "rlwe", 8192]);
    expect(spec.validation).toEqual({ sealed: "Qm", digest: "0x", rows: 3, guiding_rows: 1 });
    expect(spec.input_schema.openmined.fields).toEqual(["age", "temperature", "antibiotics", "ward"]);
    expect(spec.input_schema.properties["age"]).toEqual({ type: "integer", openmined: { kind: "integer", clip: [40, 70], encode: { center: 55, scale: 7.5 } } });
  });
});

describe("what is missing", () => {
  const whole = { wrong: {}, startTrouble: null, objections: [], waits: false, hasKey: true };

  test("a whole draft lacks nothing, and each fault of a draft is named once", () => {
    expect(missingFrom(whole)).toEqual([]);
    const [draft, sheet] = draftOf(CSV, { title: "", bounty: "", target: "0", days: "0", stake: "x", fee: "x", minGain: "x", capsule: "", trainingSteps: "0", asset: "0x" });
    const wrong = faults({ ...draft, fields: [] }, sheet, null);
    const said = missingFrom({ ...whole, wrong });
    expect(said.map((part) => part.slice(part.indexOf(": ") + 2)).sort()).toEqual(Object.values(wrong).sort());
  });

  test("the key, Capsule's objections and what is still worked out are said, too", () => {
    expect(missingFrom({ ...whole, hasKey: false })).toEqual(["Your key: choose a passphrase and make it, in step 3."]);
    expect(missingFrom({ ...whole, waits: true })).toEqual(["What is recommended is still being worked out."]);
    expect(missingFrom({ ...whole, objections: ["This Capsule declines 1 ETH"], waits: true })).toEqual(["Capsule: This Capsule declines 1 ETH"]);
    expect(missingFrom({ ...whole, startTrouble: 'Row 3, column "kind" is empty.' })).toEqual(['Columns: Row 3, column "kind" is empty.']);
  });
});
