// What a run may spend, as somebody has told it: its limits, and how they change. Plain values, for the API too.

export interface Limits {
  /** Steps that have completed, of the run and of its children. */
  max_steps?: number;
  /** Tokens of input and output, those spent in vain included. */
  max_tokens?: number;
  max_cost_usd?: number;
  /** Seconds since the run began. */
  deadline_s?: number;
  /** At a limit the run asks a person for more, or fails. */
  on_breach: 'pause' | 'fail';
}

export type LimitName = Exclude<keyof Limits, 'on_breach'>;

/** A deadline of more than this, in seconds, is none: 30 years. */
export const longestDeadline = 1_000_000_000;

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;
const isCount = (value: unknown): value is number => isPositive(value) && Number.isSafeInteger(value);
const isDeadline = (value: unknown): value is number => isPositive(value) && value <= longestDeadline;
const isOnBreach = (value: unknown): value is Limits['on_breach'] => value === 'pause' || value === 'fail';

const fits: Record<LimitName, (value: unknown) => value is number> = {
  max_steps: isCount,
  max_tokens: isCount,
  max_cost_usd: isPositive,
  deadline_s: isDeadline,
};

/**
 * The limits after somebody has told new ones: what is left out stays, null takes a limit away, what makes no sense is
 * ignored (the CLI's messages come unchecked). Undefined: there is no limit.
 */
export function changed(limits: Limits | undefined, told: unknown): Limits | undefined {
  const given: Record<string, unknown> = typeof told === 'object' && told !== null ? { ...told } : {};
  const one = (name: LimitName): number | undefined => {
    const value = given[name];
    return value === null ? undefined : fits[name](value) ? value : limits?.[name];
  };
  const { on_breach } = given;
  const max_steps = one('max_steps');
  const max_tokens = one('max_tokens');
  const max_cost_usd = one('max_cost_usd');
  const deadline_s = one('deadline_s');
  if ([max_steps, max_tokens, max_cost_usd, deadline_s].every((limit) => limit === undefined)) return undefined;
  return {
    ...(max_steps !== undefined && { max_steps }),
    ...(max_tokens !== undefined && { max_tokens }),
    ...(max_cost_usd !== undefined && { max_cost_usd }),
    ...(deadline_s !== undefined && { deadline_s }),
    on_breach: isOnBreach(on_breach) ? on_breach : (limits?.on_breach ?? 'pause'),
  };
}

/** What an answer to "more budget?" means. */
export type Decision = { kind: 'fail' } | { kind: 'change'; to: unknown } | { kind: 'nonsense' };

export function decisionIn(value: unknown): Decision {
  if (value === false) return { kind: 'fail' };
  if (typeof value !== 'object' || value === null) return { kind: 'nonsense' };
  if ('decision' in value && value.decision === 'fail') return { kind: 'fail' };
  const names: LimitName[] = ['max_steps', 'max_tokens', 'max_cost_usd', 'deadline_s'];
  const given: Record<string, unknown> = { ...value };
  const told = names.filter((name) => given[name] !== undefined);
  const { on_breach } = given;
  const makesSense =
    told.every((name) => given[name] === null || fits[name](given[name])) &&
    (on_breach === undefined ? told.length > 0 : isOnBreach(on_breach));
  return makesSense ? { kind: 'change', to: value } : { kind: 'nonsense' };
}
