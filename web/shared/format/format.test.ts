import { describe, expect, test } from "vitest";

import { exact, parse, short } from "./amount";
import { plain } from "./foreign";
import { percent, share } from "./numbers";
import { distance, duration, moment } from "./time";

describe("amounts", () => {
  test("no wei is lost, however large or small the amount", () => {
    expect(exact("1")).toBe("0.000000000000000001");
    expect(exact("123456789012345678901234567890", 18, "en")).toBe("123,456,789,012.34567890123456789");
    expect(exact(-1500000000000000000n)).toBe("−1.5");
    expect(exact("1500000000000000000", 18, "de")).toBe("1,5");
  });
  test("what is typed comes back as it was, or not at all", () => {
    for (const wei of [0n, 1n, 10n ** 18n, 123456789012345678901n]) {
      expect(parse(exact(wei, 18, "en").replaceAll(",", ""))).toBe(wei);
    }
    for (const nonsense of ["", "-1", "1e3", "1.2.3", "1,000.5", "0x10", "1.0000000000000000001"]) {
      expect(parse(nonsense)).toBeNull();
    }
  });
  test("a short amount is exact or says that it is not", () => {
    expect(short("25")).toBe("25 wei");
    expect(short("1500000000000000000", 18, "en")).toBe("1.5");
    expect(short("1234567890123456789", 18, "en")).toBe("≈ 1.234567");
  });
});

test("parts per million keep their last digit", () => {
  expect(percent(812_345, "en")).toBe("81.2345\u00a0%");
  expect(percent(1_000_000, "de")).toBe("100\u00a0%");
  expect(percent(812_345, "de")).toBe("81,2345\u00a0%");
});

test("a share is never outside its bar", () => {
  expect(share(5n, 0n)).toBe(0);
  expect(share(25n, 1000n)).toBe(0.025);
  expect(share(2n, 1n)).toBe(1);
});

test("times are in the reader's zone and language", () => {
  expect(moment(0, "en-GB", "Asia/Tokyo")).toContain("09:00");
  expect(distance(7_200, 0)).toBe("in 2 hours");
  expect(distance(7_190, 0)).toBe("in 2 hours");
  expect(distance(7 * 86_400 - 40, 0)).toBe("in 7 days");
  expect(distance(0, 3_585)).toBe("1 hour ago");
  expect(distance(0, 5_300)).toBe("1 hour ago");
  expect(distance(0, 0.4)).toBe("now");
  expect(distance(0, 90_000, "en")).toBe("yesterday");
  expect(duration(100_800)).toBe("1 d 4 h");
  expect(duration(0.2)).toBe("0 s");
});

test("a stranger's text can neither turn its surroundings around nor fill the page", () => {
  expect(plain("\u202Egnp.exe\u0000")).toBe("gnp.exe");
  expect(plain("x".repeat(10_000), 20)).toBe(`${"x".repeat(20)}…`);
  expect(plain("עברית and עוד")).toBe("עברית and עוד");
  expect(plain("<script>alert(1)</script>")).toBe("<script>alert(1)</script>");
});
