import pLimit from "p-limit";
import type { Issuing } from "../../certificates/messages.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { Delivery } from "../../workload/push.ts";
import { issue } from "./issue.ts";
import type { IssuerPorts } from "./ports.ts";
import { remove } from "./remove.ts";
import { restore } from "./restore.ts";
import { verify } from "./verify.ts";

/** Orders at work in one instance. Those who wait for a turn are bounded by the instance's concurrency. */
const ORDERS_IN_FLIGHT = 16;

/** Handles a message of the issuing topic. Errors that it throws are taken as "try again". */
export function createHandler(ports: IssuerPorts) {
  const turn = pLimit(ORDERS_IN_FLIGHT);

  return (message: Issuing, delivery: Pick<Delivery, "attributes" | "logger" | "signal">): Promise<Outcome> =>
    turn(async () => {
      const { action, domain, orderNumber } = message;
      const logger = delivery.logger.child({
        action,
        domain,
        orderNumber,
        customer: delivery.attributes.customer,
      });
      const context = { logger, signal: delivery.signal };
      if (delivery.signal.aborted)
        return { kind: "retry", reason: "There was no turn within the delivery's time." };
      switch (action) {
        case "issue":
          return issue(message, ports, context);
        case "restore":
          return restore(message, ports, context);
        case "verify":
          return verify(message, ports, context);
        case "remove":
          return remove(message, ports, context);
      }
    });
}
