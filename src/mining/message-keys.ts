/** What the fields are called that may hold the message of a record, the likeliest first. */
export const MESSAGE_KEYS: readonly string[] = ['message', 'msg', 'log', 'event', 'text'];
