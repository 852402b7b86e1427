/** What `--help` says: of all commands, and of each what it does, its options, and what to do next. */
import type { CommandName } from "./options.ts";

const HELP = `Usage: mine-agent-js COMMAND [OPTIONS]

Let models learn from your data without giving the data away, and be paid when they get better. The same mine as
mine-agent, on the same home directory (never both at once).

Commands:
  init        make a home directory: settings, an account, your first rules
  data        add | preview | check | list | kinds | map | remove: which data models may learn from
  campaigns   what is open, what it pays, whether your data fit and what your rules say
  explain     why this mine did what it did about a campaign
  approve     let this mine work for a campaign that waits for your word
  refuse      forbid a campaign, whatever your other rules say
  pause       begin nothing new; what is due is still claimed
  resume      let new work begin again
  run         work for every open campaign that fits; --once for one round
  earnings    what was submitted, earned and spent
  claim       claim what campaigns owe now
  ledger      what was spent of the privacy budget
  status      what this mine is doing now, and if it does nothing, why
  policy      show | diff | save: your rules, and what others would change
  store       usage | check | repair | gc: what the store takes, whether it is whole, and looking after it
  doctor      look at everything that a mine needs

mine-agent-js COMMAND --help says more of each.

Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 chain or store cannot be reached.
`;

const COMMON = `  --home DIRECTORY           the mine's directory (else openmined/mine where your account's data are)
  --format table|json        for people, or for programs: all fields, amounts in wei as text`;
const PASSPHRASE = "  --passphrase-file FILE     opens the keyfile; else the variable OPENMINED_PASSPHRASE";
const ID = "ID is the campaign's id, or its first six digits or more, as `mine-agent-js campaigns` shows it.";

interface Page {
  readonly usage: string;
  readonly about: string;
  readonly options?: string;
}

const PAGES: Readonly<Record<CommandName, Page>> = {
  init: {
    usage: "init --deployment FILE | --contract ADDRESS [OPTIONS]",
    about: `Make the directory of a mine: settings.toml (node, contract, store), an account of its own in keyfile.json, and policy.toml
with your rules, each with a line that explains it. Nothing is allowed that you do not allow. The account that is printed
needs some ether before it can submit. Next: mine-agent-js data add, then mine-agent-js doctor.`,
    options: `  --deployment FILE          the manifest of a deployed Sonar, or:
  --contract ADDRESS         Sonar's address; its chain is asked of the node
  --rpc URL                  the Ethereum node; again for more, the preferred one first (http://127.0.0.1:8545)
  --store SETTING            where artifacts are kept and found: embedded:/PATH, kubo:/ip4/127.0.0.1/tcp/5001/http, or both
  --keyfile FILE             an account that you have, instead of a new one
  --allow-scientist ADDRESS  whose models may learn here, or 'any'; again for more
  --allow-capsule ADDRESS    who may open the gradients, or 'any'; again for more
  --allow-field COLUMN       which columns may be used, or 'any'; again for more
  --allow-networks           let neural networks learn, too (only with --privacy none; Mine.js trains none)
  --privacy differential|none  noise in gradients (differential), or none
  --privacy-budget, --privacy-price, --privacy-delta   epsilon in all, of one release, and the delta of both
  --minimum-reward, --maximum-stake   amounts with their unit, as '0.1 ether'
  --confirmations, --poll-seconds, --start-block   how the chain is followed
${PASSPHRASE}`,
  },
  data: {
    usage: "data add NAME PLACE | preview PLACE | check NAME | list | kinds | map NAME | remove NAME [OPTIONS]",
    about: `Say which of your data models may learn from: CSV, JSON lines, Parquet, Arrow, SQLite and folders of texts. They stay where they are; no row is
copied or sent. \`add\` looks through them, shows each column's kind, gaps and range, and which open campaigns they fit;
\`preview\` does that without registering them, \`check\` reads what is registered as each open campaign would. If a file
changes, the mine refuses it until you add it again with --replace; a database is read as it is at each visit. \`map\` says
which of your columns a campaign's fields are: other names, units, words; with --campaign that is suggested. What is guessed is
said, and marked CHECK in the file: a wrong unit makes gradients that earn nothing. Other kinds: mine-agent data.`,
    options: `  --as KIND                  the kind of the data; else by the ending or the first bytes (data kinds lists them)
  --set KEY=VALUE            an option of the kind, as separator=semicolon, encoding=cp1252, table=patients, query='select ...'
  --decimal . | ,            the decimal mark; else recognised from the numbers
  --unusable '1 %'           the largest share of records that may be left out
  --replace                  register a name anew
  --campaign ID              map: suggest what is what for this open campaign, named by its id or first six digits or more
  --file FILE                map: take this mapping (TOML); without it the present one is shown
  --forget                   map: use the data as they are again
  --all                      add, preview, map: show every column or field, not only the first 20 and what needs a look
  --yes, -y                  map: do not ask, for programs`,
  },
  campaigns: {
    usage: "campaigns [OPTIONS]",
    about: `List the open campaigns: what is left to earn, whether your data have the columns, what your rules say, and what a release
would cost of your privacy budget at most. "a point pays" is what raising the accuracy by one percentage point pays, "covers" the
share of the fields that your best data have, "a visit" the time of one training on this machine and the bytes down and up.
Nobody learns that you looked. Why one is not joined: mine-agent-js explain ID.`,
  },
  explain: {
    usage: "explain [ID] [--rules] [OPTIONS]",
    about: `Say why this mine did what it did about a campaign, or about all of them. Each decision was written down with the facts it was made from and with
policy.toml as it was then; here it is made once more from both, and "replay" says whether that gives the same. ${ID}`,
    options: `  --rules                    every rule that was asked, with what it wants and found
  --last NUMBER              how many decisions to show where no ID is given (50)`,
  },
  approve: {
    usage: "approve ID [OPTIONS]",
    about: `Let this mine work for a campaign that waits for your word (ask_first = true in policy.toml). Your other rules hold as well.
A running mine goes on within its next round; mine-agent-js refuse takes it back for what was not submitted yet.
${ID}`,
  },
  refuse: {
    usage: "refuse ID [OPTIONS]",
    about: `Forbid a campaign, whatever your other rules say, until you approve it. What was submitted already stays submitted, is
followed up and claimed. ${ID}`,
  },
  pause: {
    usage: "pause [OPTIONS]",
    about: `Begin nothing new until mine-agent-js resume, also after a restart. What was submitted is followed up, and what is due is
claimed. A running mine sees it in its next round.`,
  },
  resume: { usage: "resume [OPTIONS]", about: "Let new work begin again after mine-agent-js pause: with the next round of mine-agent-js run." },
  run: {
    usage: "run [--once] [OPTIONS]",
    about: `Work for every open campaign that your data fit and your rules allow, until it is stopped (Ctrl-C, SIGTERM): train on the
encrypted model, seal the gradient to Capsule, submit it with its stake, follow the verdict, claim. One process a home. It can
be killed at any time: nothing is submitted or paid twice. With --format json each line is one event.`,
    options: `  --once                     one round; the exit code is that of its worst error
${PASSPHRASE}`,
  },
  earnings: {
    usage: "earnings [--each] [--plot FILE.svg] [OPTIONS]",
    about: `Add up from the chain, campaign by campaign, what this mine submitted, what was promised, paid, staked, burned, and what it
cost in fees and gas. Nothing is estimated; amounts are exact. With --format csv for a spreadsheet.`,
    options: `  --each                     every payment in the order of time, with the running total
  --plot FILE.svg            draw the running total of ether over time into this file`,
  },
  claim: {
    usage: "claim [ID | --all] [OPTIONS]",
    about: `Claim everything that campaigns owe this account now, and wait until it is there. Stakes of submissions that will not be
judged any more are taken back first. A campaign that refuses stops no other: it is named, and the exit code is 1.
mine-agent-js run does this by itself after each settlement, unless auto_claim is false in policy.toml.`,
    options: `  --all                      all campaigns, which is also what happens without an ID
${PASSPHRASE}`,
  },
  ledger: {
    usage: "ledger [OPTIONS]",
    about: `Show what was spent of your privacy budget: every release of noised sums with its epsilon, and every gradient that used
it. The ledger is chained by hashes; one that was changed or cut is refused. The budget is in policy.toml.`,
  },
  policy: {
    usage: "policy show | diff NEW.toml | save NEW.toml [OPTIONS]",
    about: `See, try and change the rules of this mine. \`show\` prints policy.toml; \`diff\` says what other rules would change, over all
open campaigns and your data, before they are saved; \`save\` says it too and puts them in place. A running mine follows them
from its next round on.`,
    options: `  --all                      diff: the campaigns that nothing changes for, too
  --yes, -y                  do not ask (Mine.js never asks)`,
  },
  status: {
    usage: "status [OPTIONS]",
    about: `Say what this mine is doing now, how far it is, and if it does nothing, why, with the command that changes it. Looks at home and
chain only; a running mine is not disturbed.`,
  },
  store: {
    usage: "store usage | check | repair | gc [OPTIONS]",
    about: `Look after the store of artifacts. \`usage\` says what it takes, and its quota; \`check\` reads everything that is pinned and hashes
every block of it: exit code 1 if something is missing or damaged. \`repair\` puts that back, from this home's records, else from
the network behind the store; exit code 1 if something stays damaged. \`gc\` removes what nobody pins and nobody wrote within
the last hour, and nothing at all while something pinned is damaged.`,
    options: "  --all                      check: also what other parties pin in the same store",
  },
  doctor: {
    usage: "doctor [OPTIONS]",
    about: `Look at everything that a mine needs (Node.js, home, rules, keyfile, node, contract, clock, balance, store, privacy budget,
data) and say for each what was found and, where it fails, what to do. Exit code 1 if anything fails.`,
    options: PASSPHRASE,
  },
};

/** The help on a command; on all without one. */
export function helpOn(name?: CommandName): string {
  if (name === undefined) return HELP;
  const page = PAGES[name];
  return `Usage: mine-agent-js ${page.usage}\n\n${page.about}\n\nOptions:\n${page.options === undefined ? "" : `${page.options}\n`}${COMMON}\n\nExit codes: 0 done; 1 refused or failed; 2 wrong use; 3 chain or store cannot be reached.\n`;
}
