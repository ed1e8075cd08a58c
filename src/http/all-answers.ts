import { answerSchemas } from './answers.ts';
import { guardAnswerSchemas } from './guard-answers.ts';
import { operatorAnswerSchemas } from './operator-answers.ts';

/** Every named answer of the API document. */
export const allAnswerSchemas = {
  ...answerSchemas,
  ...operatorAnswerSchemas,
  ...guardAnswerSchemas,
} as const;

export type AnswerName = keyof typeof allAnswerSchemas;
