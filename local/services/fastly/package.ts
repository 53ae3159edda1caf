import type { Package } from "../../provider/package.ts";
import { FASTLY_KINDS } from "./kinds.ts";

export const FASTLY: Package = {
  name: "fastly",
  kinds: FASTLY_KINDS,
  settings: { read: [], access: /^(apiKey|baseUrl|forceHttp2|noAuth)$/ },
  functions: {},
};
