import { expect, test } from "vitest";

import { CONSTANT, draftOf, type Field, suggestionOf, tableOf } from "./mapping";

const NUMBER: Field = {
  name: "width", label: false, numeric: true, whole: false, range: [0, 10], classes: [], origin: null,
  suggestion: { column: "Width (mm)", factor: 0.1, round: false, words: {}, why: "is alike" },
};
const SPECIES: Field = {
  name: "species", label: true, numeric: false, whole: false, range: null, classes: ["setosa"], origin: null,
  suggestion: { column: "species", factor: null, round: false, words: { "I. setosa": "setosa" }, why: "same name" },
};

test("a field that is used as it is needs no table", () => {
  expect(tableOf(NUMBER, draftOf(NUMBER))).toBeNull();
});

test("a suggestion is taken over with its factor and its words", () => {
  expect(tableOf(NUMBER, suggestionOf(NUMBER))).toEqual({ column: "Width (mm)", factor: 0.1, offset: 0 });
  expect(tableOf(SPECIES, suggestionOf(SPECIES))).toEqual({ column: "species", values: { "I. setosa": "setosa" } });
});

test("what was saved is shown again as it was, and gives the same table", () => {
  const origin = { column: "w", factor: 2.54, offset: -1, round: false, values: {}, constant: null, date: null };
  expect(tableOf(NUMBER, draftOf({ ...NUMBER, origin }))).toEqual({ column: "w", factor: 2.54, offset: -1 });
  const constant = { column: null, factor: 1, offset: 0, round: false, values: {}, constant: "DE", date: null };
  expect(tableOf(SPECIES, draftOf({ ...SPECIES, origin: constant }))).toEqual({ constant: "DE" });
  expect(draftOf({ ...SPECIES, origin: constant }).column).toBe(CONSTANT);
});

test("rounding to whole numbers is suggested, saved and shown again", () => {
  const age: Field = {
    ...NUMBER, name: "age", whole: true,
    suggestion: { column: "age_months", factor: 1 / 12, round: true, words: {}, why: "in months" },
  };
  const table = { column: "age_months", factor: 1 / 12, offset: 0, round: true };
  expect(tableOf(age, suggestionOf(age))).toEqual(table);
  const origin = { ...table, values: {}, constant: null, date: null };
  expect(tableOf(age, draftOf({ ...age, origin }))).toEqual(table);
  expect(tableOf(age, { ...draftOf(age), round: true })).toEqual({ column: "age", round: true });
});

test("words with equals signs, quotes and blanks come back as they were", () => {
  const values = { "<=50K.": "<=50K", " >50K": ">50K", 'a "b"': "x = y", "c:\\d": "", "two\nlines": "1", plain: "word of three" };
  const origin = { column: "income", factor: 1, offset: 0, round: false, values, constant: null, date: null };
  expect(tableOf(SPECIES, draftOf({ ...SPECIES, origin }))).toEqual({ column: "income", values });
  const suggestion = { column: "income", factor: null, round: false, words: values, why: "alike" };
  expect(tableOf(SPECIES, suggestionOf({ ...SPECIES, suggestion }))).toEqual({ column: "income", values });
});

test("a line that could be two pairs is asked for in quotes", () => {
  for (const words of ["<=50K = low", "a = b = c", '"a = b', '"\\x" = y', "= theirs"]) {
    expect(() => tableOf(SPECIES, { ...draftOf(SPECIES), words })).toThrow("in quotes");
  }
  expect(tableOf(SPECIES, { ...draftOf(SPECIES), words: '"<=50K" = low' })).toEqual({ column: "species", values: { "<=50K": "low" } });
});

test("what is not a number and no pair of words is said with the field's name", () => {
  for (const factor of ["", "x", "1e999"]) {
    expect(() => tableOf(NUMBER, { ...draftOf(NUMBER), factor })).toThrow("width");
  }
  expect(() => tableOf(SPECIES, { ...draftOf(SPECIES), words: "setosa" })).toThrow("your word = theirs");
  expect(tableOf(NUMBER, { ...draftOf(NUMBER), factor: "0,5" })).toEqual({ column: "width", factor: 0.5, offset: 0 });
});
