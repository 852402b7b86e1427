import { useSyncExternalStore } from "react";

import { ask, AskError } from "./http";

/** Whether this browser was let in. The link's token stands behind "#", is exchanged for a key once, and leaves the address bar. */
export interface Session {
  readonly state: "entering" | "in" | "out";
  /** Why it is out. */
  readonly why: string | null;
}

/** One server's session. `keptAs`: the key's name in this browser's storage; `path`: where a token is exchanged. */
export class Entrance {
  private readonly listeners = new Set<() => void>();
  private session: Session = { state: "entering", why: null };
  private own: string | null = null; // where storage is switched off, the key lasts as long as the page

  constructor(
    private readonly keptAs: string,
    private readonly path: string,
  ) {}

  /** Exchange the token of the address, if it has one; else go on with the key that this browser has. */
  async enter(): Promise<void> {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token === null) {
      this.put(this.key() === null ? { state: "out", why: null } : { state: "in", why: null });
      return;
    }
    history.replaceState(null, "", location.pathname + location.search);
    try {
      this.keep((await ask<{ key: string }>(this.path, asJson({ token }))).key);
      this.put({ state: "in", why: null });
    } catch (error) {
      const why = error instanceof Error ? error.message : null;
      this.put(this.key() === null ? { state: "out", why } : { state: "in", why: null });
    }
  }

  /** Call `listener` after each change, until what is returned is called. */
  readonly follow = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly now = (): Session => this.session;

  /** The JSON at a path of the server. */
  async read<T>(path: string): Promise<T> {
    return this.withKey<T>(path, {});
  }

  /** The answer to something that is to be done. */
  async change<T>(path: string, body: object = {}): Promise<T> {
    return this.withKey<T>(path, asJson(body));
  }

  private async withKey<T>(path: string, init: RequestInit): Promise<T> {
    try {
      return await ask<T>(path, { ...init, headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.key() ?? ""}` } });
    } catch (error) {
      if (error instanceof AskError && error.status === 401) {
        this.keep(null);
        this.put({ state: "out", why: error.message });
      }
      throw error;
    }
  }

  private put(next: Session): void {
    this.session = next;
    for (const listener of this.listeners) listener();
  }

  private key(): string | null {
    try {
      return localStorage.getItem(this.keptAs) ?? this.own;
    } catch {
      return this.own;
    }
  }

  private keep(value: string | null): void {
    this.own = value;
    try {
      if (value === null) localStorage.removeItem(this.keptAs);
      else localStorage.setItem(this.keptAs, value);
    } catch {
      // Storage is switched off.
    }
  }
}

/** The session, in a component that follows it. */
export function useEntrance(entrance: Entrance): Session {
  return useSyncExternalStore(entrance.follow, entrance.now);
}

function asJson(body: object): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
