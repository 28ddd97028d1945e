/** The actions on attributes that the processors attributes and resource have in common. Exported by `#operators`. */
export { compileAttributeActions, type AttributeAction, type AttributeBag, type Uniform } from './actions.ts';
export { checkAttributeActions } from './check.ts';
export { attributeActionsSchema, type ActionConfig } from './config.ts';
export { asText, type TypedValue } from './convert.ts';
