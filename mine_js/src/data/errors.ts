import { OpenMinedError } from "../errors.ts";

/** A data set that cannot be registered or used. */
export class DataError extends OpenMinedError {}
/** The data are not what was registered. */
export class DataChangedError extends DataError {}
