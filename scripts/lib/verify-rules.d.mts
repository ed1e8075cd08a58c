export interface Finding {
  readonly verdict: 'pass' | 'fail' | 'degraded' | 'blocked';
  readonly measured: string;
  readonly gate1?: true;
}

export interface TokenFacts {
  readonly alg: unknown;
  readonly kid: unknown;
  readonly exp: number;
  readonly lifeSeconds: number;
  readonly scopes: readonly string[];
}

export const headerNames: readonly string[];
export function judgeCanary(body: unknown, nowMs: number): Finding;
export function judgeHeaders(
  responses: readonly (readonly [string, Readonly<Record<string, string>>])[],
): Finding;
export function pickP95(samplesMs: readonly number[]): number;
export function judgeP95(samplesMs: readonly number[], maxMs: number): Finding;
export function judgeKeys(body: unknown): Finding;
export function readToken(token: string): TokenFacts | undefined;
export function judgeToken(
  facts: TokenFacts | undefined,
  nowMs: number,
  publishedKids?: readonly unknown[],
): Finding;
export function judgeSendStatus(status: unknown): Finding;
export function judgeEnding(event: unknown): Finding | undefined;
export function judgeThrottle(flags: unknown): Finding;
export function judgeQueue(status: unknown): Finding;
export function judgeProviders(health: unknown): Finding;
export function concludeRun(steps: readonly Finding[]): {
  readonly verdict: 'green' | 'degraded' | 'red';
  readonly exitCode: 0 | 1 | 2;
  readonly words: string;
};
