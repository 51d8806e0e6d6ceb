import { parseArgs } from 'node:util';

export interface Choice {
  /** Fewer and shorter rounds: for a look, not for a claim. */
  readonly isQuick: boolean;
  /** Whether the report is kept in results/. */
  readonly isSaved: boolean;
  /** Only these trials, or all. */
  readonly trials: readonly string[];
  /** Only these subjects, and what they are compared with, or all. */
  readonly subjects: readonly string[];
}

const HELP = `npm run bench -- [--quick] [--trial <name>]... [--subject <name>]... [--save]

  --quick     fewer and shorter rounds
  --trial     only this trial; may be given more than once
  --subject   only this subject, beside those it is compared with; may be given more than once
  --save      keep the report in bench/results`;

/** What was asked for. Ends the process when it is only help, or when a name is not known. */
export function choice(known: { trials: readonly string[]; subjects: readonly string[] }): Choice {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      trial: { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', multiple: true, default: [] },
    },
  });
  const unknown = [
    ...values.trial.filter((name) => !known.trials.includes(name)),
    ...values.subject.filter((name) => !known.subjects.includes(name)),
  ];
  if (values.help || unknown.length > 0) {
    console.log(`${HELP}\n\ntrials: ${known.trials.join(', ')}\nsubjects: ${known.subjects.join(', ')}`);
    if (unknown.length > 0) console.log(`\nunknown: ${unknown.join(', ')}`);
    process.exit(unknown.length > 0 ? 1 : 0);
  }
  return { isQuick: values.quick, isSaved: values.save, trials: values.trial, subjects: values.subject };
}
