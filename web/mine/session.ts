import { useSyncExternalStore } from "react";

import { ask, AskError } from "../shared/http";

/** Whether this browser was let in. The link's token stands behind "#", is exchanged for a key once, and leaves the address bar. */
export interface Session {
  readonly state: "entering" | "in" | "out";
  /** Why it is out. */
  readonly why: string | null;
}

const KEPT_AS = "openmined-mine-key";
const listeners = new Set<() => void>();
let session: Session = { state: "entering", why: null };
let own: string | null = null; // where storage is switched off, the key lasts as long as the page

/** Exchange the token of the address, if it has one; else go on with the key that this browser has. */
export async function enter(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) {
    put(key() === null ? { state: "out", why: null } : { state: "in", why: null });
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  try {
    keep((await ask<{ key: string }>("/api/session", asJson({ token }))).key);
    put({ state: "in", why: null });
  } catch (error) {
    const why = error instanceof Error ? error.message : null;
    put(key() === null ? { state: "out", why } : { state: "in", why: null });
  }
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/** The JSON at a path of the mine's server. */
export async function read<T>(path: string): Promise<T> {
  return withKey<T>(path, {});
}

/** The answer to something that is to be done. */
export async function change<T>(path: string, body: object = {}): Promise<T> {
  return withKey<T>(path, asJson(body));
}

async function withKey<T>(path: string, init: RequestInit): Promise<T> {
  try {
    return await ask<T>(path, { ...init, headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${key() ?? ""}` } });
  } catch (error) {
    if (error instanceof AskError && error.status === 401) {
      keep(null);
      put({ state: "out", why: error.message });
    }
    throw error;
  }
}

function asJson(body: object): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function put(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

function key(): string | null {
  try {
    return localStorage.getItem(KEPT_AS) ?? own;
  } catch {
    return own;
  }
}

function keep(value: string | null): void {
  own = value;
  try {
    if (value === null) localStorage.removeItem(KEPT_AS);
    else localStorage.setItem(KEPT_AS, value);
  } catch {
    // Storage is switched off.
  }
}
