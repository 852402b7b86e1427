import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AlreadyRunningError } from "../src/chain/errors.ts";
import { isAgentAtWork, withHomeLock } from "../src/home/files.ts";

test("who holds the lock for a moment is no agent at work; an agent is, and is patient with the other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lock-"));
  const lock = join(folder, "lock");
  try {
    await withHomeLock(lock, async () => {
      assert.equal(await isAgentAtWork(lock), false);
      await assert.rejects(withHomeLock(lock, () => Promise.resolve()), AlreadyRunningError);
    }, { forAMoment: true });
    await withHomeLock(lock, async () => assert.equal(await isAgentAtWork(lock), true));
    assert.equal(await isAgentAtWork(lock), false);
    let release = (): void => undefined;
    const reading = withHomeLock(lock, () => new Promise<void>((resolve) => (release = resolve)), { forAMoment: true });
    const agent = withHomeLock(lock, () => Promise.resolve("at work"), { patienceMs: 5_000 });
    release();
    assert.equal(await agent, "at work");
    await reading;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
