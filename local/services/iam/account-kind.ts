/** Pulumi's type token. */
export const ACCOUNT_KIND = "gcp:serviceaccount/account:Account";
