import type { Iam, Tokens } from "../../kernel/contract.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import type { Clock } from "./clock.ts";
import type { Lease } from "./message-store.ts";
import { serviceAgent } from "./service-agent.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

/** The statuses by which an endpoint acknowledges. @see https://cloud.google.com/pubsub/docs/push#receive_push */
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

export interface PushOptions {
  readonly timetable: Timetable;
  readonly clock: Clock;
  readonly run: Pick<CloudRun, "post">;
  readonly tokens: Tokens;
  readonly iam: Iam;
}

export interface PushOutcome {
  readonly acknowledged: boolean;
  /** Absent without an answer. */
  readonly status?: number;
  /** Or why there is none. */
  readonly body: string;
}

/**
 * Pushes one message. No answer by the acknowledgement deadline is an outcome, whatever the endpoint does
 * later; so is `controller` aborting. Never rejects.
 */
export async function push(
  lease: Lease,
  subscription: Subscription,
  controller: AbortController,
  options: PushOptions,
): Promise<PushOutcome> {
  const { timetable, clock, run } = options;
  const { signal } = controller;
  const { push: target, ackDeadlineSeconds } = subscription;
  if (!target) return failed("the subscription is not a push subscription any more");
  const deadlineMs = ackDeadlineSeconds * 1000;
  const deadlineKey = `deadline ${lease.subscription} ${lease.messageId}`;
  timetable.set(deadlineKey, clock.now() + deadlineMs, () =>
    controller.abort(`no answer within ${ackDeadlineSeconds} s`),
  );
  const aborted = new Promise<PushOutcome>((resolve) => {
    signal.addEventListener("abort", () => resolve(failed(String(signal.reason))), { once: true });
  });
  const answered = async (): Promise<PushOutcome> => {
    const token = await tokenFor(subscription, options);
    const body = pushBody(lease, subscription);
    const headers = pushHeaders(body, token);
    const answer = await run.post(target.endpoint, { headers, body, deadlineMs, signal });
    return { ...answer, acknowledged: ACKNOWLEDGING.has(answer.status) };
  };
  try {
    return await Promise.race([answered(), aborted]);
  } catch (error) {
    return failed(String(error));
  } finally {
    timetable.clear(deadlineKey);
  }
}

function failed(body: string): PushOutcome {
  return { acknowledged: false, body };
}

/**
 * Speaks for the subscription's account, as far as Pub/Sub's service agent may.
 *
 * @see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
async function tokenFor(
  { project, push }: Subscription,
  { iam, tokens }: PushOptions,
): Promise<string | undefined> {
  if (!push?.identity) return undefined;
  const { email, audience } = push.identity;
  const account = `projects/${project}/serviceAccounts/${email}`;
  iam.require(serviceAgent(project), "iam.serviceAccounts.getOpenIdToken", account);
  return tokens.idToken(email, audience);
}

/** The wrapped body. @see https://cloud.google.com/pubsub/docs/push#receive_push */
function pushBody(lease: Lease, subscription: Subscription): Buffer {
  const publishTime = new Date(lease.publishedAt).toISOString();
  const message = {
    attributes: lease.attributes,
    data: lease.data.toString("base64"),
    messageId: lease.messageId,
    message_id: lease.messageId,
    publishTime,
    publish_time: publishTime,
  };
  // Google counts attempts in the body only for who has a use for them.
  const deliveryAttempt = subscription.deadLetterPolicy && { deliveryAttempt: lease.attempt };
  return Buffer.from(JSON.stringify({ message, subscription: subscription.id, ...deliveryAttempt }));
}

function pushHeaders(body: Buffer, token: string | undefined): Record<string, string> {
  return {
    Accept: "application/json",
    "Content-Length": String(body.length),
    "Content-Type": "application/json",
    From: "noreply@google.com",
    "User-Agent": "CloudPubSub-Google",
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
}
