import { NO_ATTRIBUTES, createSharedAttributes, type SharedAttributes } from '#model';

/** Attributes that all messages of a sender have. */
export function toShared(attributes: Readonly<Record<string, string>>): SharedAttributes {
  return Object.keys(attributes).length === 0 ? NO_ATTRIBUTES : createSharedAttributes(attributes);
}
