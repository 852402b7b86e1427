import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";

import { recordsToBytes } from "./records";
import { guidingRows } from "./sealing";

test("records come back as they were, in their own types", () => {
  const bytes = recordsToBytes([
    { name: "length", type: "number", values: [1.5, -0.25, 1e300] },
    { name: "count", type: "integer", values: [0, -7, 2 ** 53] },
    { name: "open", type: "boolean", values: [true, false, true] },
    { name: "kind", type: "string", values: ["ä", "", "setosa"] },
  ]);
  const table = tableFromIPC(bytes);
  expect(table.schema.fields.map((field) => [field.name, String(field.type), field.nullable])).toEqual([
    ["length", "Float64", false], ["count", "Int64", false], ["open", "Bool", false], ["kind", "Utf8", false],
  ]);
  expect(table.toArray().map((row: { toArray: () => unknown[] } | null) => row?.toArray())).toEqual([
    [1.5, 0n, true, "ä"], [-0.25, -7n, false, ""], [1e300, 2n ** 53n, true, "setosa"],
  ]);
});

test("more than eight booleans keep their order", () => {
  const values = Array.from({ length: 19 }, (_, place) => place % 3 === 0);
  const column = tableFromIPC(recordsToBytes([{ name: "b", type: "boolean", values }])).getChild("b");
  expect(column && [...column]).toEqual(values);
});

test("which records only guide follows from the salt, as pysonar draws them", () => {
  const drawn = guidingRows(new Uint8Array(32).fill(7), 10, 5);
  expect(drawn.map(Number)).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
  const many = guidingRows(new Uint8Array(32).fill(1), 200, 100);
  expect(many.flatMap((guides, row) => (guides ? [row] : [])).slice(0, 8)).toEqual([0, 3, 6, 8, 9, 10, 12, 17]);
  expect([many.filter(Boolean).length, guidingRows(new Uint8Array(32), 10, 0)]).toEqual([100, []]);
});
