import { burnTests } from './burn-tests.ts';
import type { PromtoolFile } from './promtool-test.ts';
import type { RuleGroup, RuleSubject } from './rule-group.ts';
import { stateAlertTests } from './state-alert-tests.ts';
import { triggerTests } from './trigger-tests.ts';

/** The tests of all rules, for `promtool test rules`: by the name of their file. */
export function listRuleTests(
  rules: Readonly<Record<RuleSubject, readonly RuleGroup[]>>,
): Readonly<Record<string, PromtoolFile>> {
  return {
    ...triggerTests([...rules.triggers, ...rules['triggers-depth']]),
    'burn-quick': burnTests('burn-quick', rules['burn-quick']),
    'burn-slow': burnTests('burn-slow', rules['burn-slow']),
    state: stateAlertTests(rules.state),
  };
}
