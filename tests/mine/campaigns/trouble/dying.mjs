/**
 * Mine.js until a named point, where it ends itself with SIGKILL; nothing in the program itself knows of these points.
 * usage: node dying.mjs MODULE CLASS.METHOD before|after COMMAND...
 */
const [module, attribute, moment, ...command] = process.argv.slice(2);
const built = new URL("../../../../mine_js/dist/", import.meta.url);
const [owner, name] = attribute.split(".");
const { prototype } = (await import(new URL(module, built)))[owner];
const wrapped = prototype[name];
if (typeof wrapped !== "function") throw new Error(`there is no ${attribute} in ${module}`);
const die = () => process.kill(process.pid, "SIGKILL");

prototype[name] = function deadly(...given) {
  if (moment === "before") die();
  const done = wrapped.apply(this, given);
  if (done instanceof Promise) return done.then(die);
  return die();
};
const { main } = await import(new URL("cli/main.js", built));
process.exit(await main(command));
