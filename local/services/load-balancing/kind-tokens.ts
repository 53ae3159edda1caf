/** Pulumi's names of the kinds that make a load balancer. */
export const FORWARDING_RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule";
export const GLOBAL_ADDRESS = "gcp:compute/globalAddress:GlobalAddress";
export const TARGET_HTTP_PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy";
export const TARGET_HTTPS_PROXY = "gcp:compute/targetHttpsProxy:TargetHttpsProxy";
export const URL_MAP = "gcp:compute/uRLMap:URLMap";
export const BACKEND_SERVICE = "gcp:compute/backendService:BackendService";
export const NETWORK_ENDPOINT_GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup";
export const SECURITY_POLICY = "gcp:compute/securityPolicy:SecurityPolicy";
export const SSL_POLICY = "gcp:compute/sSLPolicy:SSLPolicy";
export const CERTIFICATE = "gcp:certificatemanager/certificate:Certificate";
export const CERTIFICATE_MAP = "gcp:certificatemanager/certificateMap:CertificateMap";
export const CERTIFICATE_MAP_ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry";
