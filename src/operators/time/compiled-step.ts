import { StepKind, type Step } from './layout.ts';

/** A step whose options are all there, so that every step has the same shape. */
export interface CompiledStep {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly isFixed: boolean;
  readonly digits: number;
  readonly mayHaveFraction: boolean;
  readonly isLower: boolean;
  readonly hasColon: boolean;
  readonly parts: number;
  readonly mayBeZ: boolean;
}

export function compileStep(step: Step, following: readonly Step[]): CompiledStep {
  const next = following.find(({ kind }) => kind !== StepKind.literal);
  return {
    kind: step.kind,
    bytes: Buffer.from((step.text ?? '').replace(/ +/g, ' ')),
    isFixed: step.isFixed ?? false,
    digits: step.digits ?? 0,
    mayHaveFraction: next?.kind !== StepKind.fraction,
    isLower: step.isLower ?? false,
    hasColon: step.zone?.hasColon ?? false,
    parts: step.zone?.parts ?? 0,
    mayBeZ: step.zone?.mayBeZ ?? false,
  };
}
