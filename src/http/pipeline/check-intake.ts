import type { Step } from '../step.ts';

/**
 * While no event is taken (paused, no room, no store) a post is refused before its body is read, and costs its
 * client nothing of its allowance. Everything else is answered as always.
 */
export const checkIntake: Step = ({ route }, { services }) => {
  if (route?.acceptsEvents === true) services.checkIntake?.();
};
