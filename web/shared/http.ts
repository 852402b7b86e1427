/** Questions to the server that served the page. It is the only host that a page ever asks. */

export type Trouble = "away" | "refused" | "missing" | "busy";

/** An answer that did not come, or came as an error: what to say to the reader, and whether to try again. */
export class AskError extends Error {
  constructor(
    readonly trouble: Trouble,
    message: string,
    readonly status = 0,
  ) {
    super(message);
    this.name = "AskError";
  }
}

/** The JSON at a path of this server. AskError in every other case. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await send(path, init);
  try {
    return (await response.json()) as T;
  } catch {
    throw new AskError("away", "The server's answer cannot be read.", response.status);
  }
}

/** The octets at a path of this server. */
export async function askBytes(path: string, init: RequestInit = {}): Promise<Uint8Array> {
  return new Uint8Array(await (await send(path, init)).arrayBuffer());
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "same-origin", redirect: "error" });
  } catch {
    throw new AskError("away", "The server does not answer. The page tries again by itself.");
  }
  if (response.ok) return response;
  throw new AskError(trouble(response.status), await reason(response), response.status);
}

function trouble(status: number): Trouble {
  if (status === 404) return "missing";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "away" : "refused";
}

async function reason(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") {
      return body.error;
    }
  } catch {
    // Not JSON: the status is all there is to tell.
  }
  return `The server answers with status ${response.status}.`;
}
