import { Entrance, type Session, useEntrance } from "../shared/session";

/** This browser's session with the mine's server. */
const mine = new Entrance("openmined-mine-key", "/api/session");

export type { Session };
export const enter = (): Promise<void> => mine.enter();
export const useSession = (): Session => useEntrance(mine);
export const read = <T>(path: string): Promise<T> => mine.read<T>(path);
export const change = <T>(path: string, body: object = {}): Promise<T> => mine.change<T>(path, body);
