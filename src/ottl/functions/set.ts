import type { FunctionDefinition } from '../call.ts';

export const SET: Readonly<Record<string, FunctionDefinition>> = {
  set: {
    parameters: ['target', 'value'],
    compile: (call) => {
      const path = call.path('target');
      const { set } = path;
      if (!set) return call.fail('target', 'cannot be set');
      const value = call.value('value');
      return (batch, row) => {
        const given = value(batch, row);
        // Nothing to set leaves what is there.
        if (given !== null) set(batch, row, given);
        return null;
      };
    },
  },
};
