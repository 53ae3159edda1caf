import { type CitedRules, cite } from "../../../review/rules/rule.ts";
import { domainName } from "../../../review/rules/text.ts";

export const DOMAINS = "https://www.fastly.com/documentation/reference/api/domain-management/domains/";

export const DOMAIN_RULES: readonly CitedRules[] = [cite(DOMAINS, { fqdn: domainName({ wildcard: true }) })];
