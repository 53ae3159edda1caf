/** No message is too large: a stack's bundle may travel as text. */
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // Behind a proxy's environment variables the loopback is still the loopback.
  "grpc.enable_http_proxy": 0,
} as const;

export const LOOPBACK = "127.0.0.1";
