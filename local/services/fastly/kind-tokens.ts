/** Pulumi's names of the kinds that the edge reads. */
export const SERVICE_VCL = "fastly:index/serviceVcl:ServiceVcl";
export const DOMAIN = "fastly:index/domainV1:DomainV1";
export const DOMAIN_LINK = "fastly:index/domainV1ServiceLink:DomainV1ServiceLink";
