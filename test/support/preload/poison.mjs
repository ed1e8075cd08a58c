/**
 * Loaded into a worker (`NODE_OPTIONS=--import=…`), it makes some texts deadly: with `POISON=p`, a worker that parses
 * JSON with `p:kill` in it dies at once, as by the kernel's memory killer, and one that parses `p:hang` never comes
 * back from it. Nothing that the program accepts is known to do either; this stands for what nobody knows yet.
 */
const parse = JSON.parse;
const [kill, hang] = [`${process.env.POISON}:kill`, `${process.env.POISON}:hang`];

JSON.parse = (text, ...rest) => {
  if (typeof text === 'string' && text.includes(kill)) process.kill(process.pid, 'SIGKILL');
  if (typeof text === 'string' && text.includes(hang)) for (;;);
  return parse(text, ...rest);
};
