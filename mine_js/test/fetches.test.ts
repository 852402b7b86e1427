/** Campaigns whose artifacts nobody serves hold nobody up; what was on its way is there later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { utf8 } from "../src/protocol/bytes.ts";
import type { Cid } from "../src/protocol/cid.ts";
import { NotFoundError } from "../src/store/errors.ts";
import { Fetches } from "../src/store/fetches.ts";
import { cidOf } from "../src/store/unixfs.ts";

const HERE = cidOf(utf8("here"));
const GONE = Array.from({ length: 40 }, (_, number) => cidOf(utf8(`gone ${number}`)));

class SlowStore {
  asked = 0;
  release: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));

  readonly get = async (cid: Cid): Promise<Uint8Array> => {
    this.asked += 1;
    if (cid.equals(HERE)) return utf8("here");
    await this.released;
    throw new NotFoundError("nobody has it", { cid });
  };
}

test("forty dead campaigns cost a moment each, eight fetches at once, and a living one is served", async () => {
  const store = new SlowStore();
  const fetches = new Fetches(store.get, 20);
  for (const cid of GONE) await assert.rejects(fetches.get(cid, 100), { name: "StillFetchingError", exitCode: 3 });
  assert.equal(store.asked, 8);
  store.release();
  await sleep(10);
  const lost = GONE[0] as Cid;
  await assert.rejects(fetches.get(lost, 100), { name: "NotFoundError" });
  assert.equal(store.asked, 8); // a failure is told once ...
  await assert.rejects(fetches.get(lost, 100), { name: "NotFoundError" });
  assert.equal(store.asked, 9); // ... and then fetched anew
  assert.deepEqual(await fetches.get(HERE, 100), utf8("here"));
});

test("what was on its way is there when it is asked for again, fetched once; all together have a bound", async () => {
  let [asked, release] = [0, (): void => undefined];
  const ready = new Promise<void>((resolve) => (release = resolve));
  const fetches = new Fetches(async () => {
    asked += 1;
    await ready;
    return utf8("late");
  }, 20);
  await assert.rejects(fetches.get(HERE, 1024 ** 3), { name: "StillFetchingError" });
  await assert.rejects(fetches.get(HERE, 1024 ** 3), { name: "StillFetchingError" });
  await assert.rejects(fetches.get(GONE[0] as Cid, 1), { name: "StillFetchingError" });
  assert.equal(asked, 1);
  release();
  assert.deepEqual(await fetches.get(HERE, 1024 ** 3), utf8("late"));
  assert.equal(asked, 1);
});
