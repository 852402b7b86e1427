import { Hono } from "hono";

/** Ponder wants one; nothing is asked of it. */
export default new Hono();
