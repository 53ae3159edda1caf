import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { sendRequest } from "./send-request.ts";

/** How requests leave the process, and the time by which their deadlines and pauses are kept. */
export interface Transport {
  readonly send: typeof sendRequest;
  readonly clock: Clock;
}

export const SYSTEM_TRANSPORT: Transport = { send: sendRequest, clock: SYSTEM_CLOCK };
