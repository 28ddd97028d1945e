/** The built-in rules: what each is called, what it finds, and whether it is on unless the configuration says otherwise. */
export interface RuleFacts {
  readonly finds: string;
  readonly isDefault: boolean;
}

export type RuleName =
  | 'keys'
  | 'assignment'
  | 'authorization'
  | 'url_credentials'
  | 'private_key'
  | 'jwt'
  | 'aws'
  | 'gcp'
  | 'azure'
  | 'github'
  | 'gitlab'
  | 'slack'
  | 'stripe'
  | 'api_token'
  | 'card'
  | 'iban'
  | 'email'
  | 'ip'
  | 'phone';

export const RULES: Readonly<Record<RuleName, RuleFacts>> = {
  keys: {
    finds: 'Values of attributes and nested keys whose name says secret: password, token, api_key, authorization and their kin.',
    isDefault: true,
  },
  assignment: {
    finds:
      'The same names in text: password=…, "token":"…", --secret …, <password>…, query parameters, Cookie headers, PASSWORD in SQL, options such as mysql -p….',
    isDefault: true,
  },
  authorization: { finds: 'Bearer tokens, and Basic credentials that decode to user:password, parameters of Digest.', isDefault: true },
  url_credentials: { finds: 'The password in scheme://user:password@host, and a long user name without password.', isDefault: true },
  private_key: { finds: 'Private key blocks in PEM, from BEGIN to END or to the end of the text.', isDefault: true },
  jwt: { finds: 'JSON Web Tokens.', isDefault: true },
  aws: { finds: 'AWS access key ids (AKIA…, ASIA…).', isDefault: true },
  gcp: { finds: 'Google API keys, OAuth tokens and client secrets (AIza…, ya29.…, GOCSPX-…).', isDefault: true },
  azure: { finds: 'Azure client secrets; keys in connection strings and signatures of SAS URLs by their names.', isDefault: true },
  github: { finds: 'GitHub tokens (ghp_…, github_pat_…).', isDefault: true },
  gitlab: { finds: 'GitLab tokens (glpat-…).', isDefault: true },
  slack: { finds: 'Slack tokens (xoxb-…, xapp-…) and webhook addresses.', isDefault: true },
  stripe: { finds: 'Stripe secret keys and webhook secrets (sk_live_…, whsec_…).', isDefault: true },
  api_token: {
    finds: 'Tokens of other services, known by their first letters (sk-…, npm_…, SG.…, hf_…, hvs.… and more).',
    isDefault: true,
  },
  card: { finds: 'Payment card numbers: issuer, length and check digit must be right.', isDefault: true },
  iban: { finds: 'International bank account numbers: country, length and checksum must be right.', isDefault: true },
  email: { finds: 'E-mail addresses.', isDefault: false },
  ip: { finds: 'IPv4 and IPv6 addresses.', isDefault: false },
  phone: { finds: 'Phone numbers in international form (+49 30 901820).', isDefault: false },
};

export const RULE_NAMES: readonly RuleName[] = Object.keys(RULES) as RuleName[];

/** The number by which a finding refers to a rule. */
export function ruleIndex(name: RuleName): number {
  return RULE_NAMES.indexOf(name);
}
