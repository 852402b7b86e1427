"""`mine-agent init`: a home directory with settings, an account and the owner's first rules."""

from __future__ import annotations

from typing import Annotated

import typer

from mine_agent.privacy.defaults import DEFAULT_DELTA, DEFAULT_EPSILON, DEFAULT_PRICE
from pysonar.party.cli.console import (
    acting,
    note,
    print_record,
    warn,
)
from pysonar.party.cli.options import NewHome, makes_a_home


@acting
@makes_a_home
def init(
    new: NewHome,
    allow_scientist: Annotated[
        list[str] | None,
        typer.Option(help='Address of a scientist whose models may learn here, or "any". Repeat for more.'),
    ] = None,
    allow_capsule: Annotated[
        list[str] | None,
        typer.Option(help='Address of a Capsule that may open your gradients, or "any". Repeat for more.'),
    ] = None,
    allow_field: Annotated[
        list[str] | None,
        typer.Option(
            help='Column of your data that campaigns may use (the label too), or "any". Repeat for more.'
        ),
    ] = None,
    allow_networks: Annotated[
        bool,
        typer.Option(
            "--allow-networks",
            help="Let neural networks learn here, too: a dishonest Capsule could make one single out a row.",
        ),
    ] = False,
    privacy: Annotated[
        str,
        typer.Option(
            help='What gradients may tell of a single record: "differential", bounded by the budget below, or'
            ' "none", not bounded at all. Networks learn only with "none".',
            metavar="differential|none",
        ),
    ] = "differential",
    privacy_budget: Annotated[
        float,
        typer.Option(help="Epsilon of all releases together, over all campaigns and data, for all time."),
    ] = DEFAULT_EPSILON,
    privacy_price: Annotated[float, typer.Option(help="Epsilon of one release.")] = DEFAULT_PRICE,
    privacy_delta: Annotated[
        float, typer.Option(help="Chance with which epsilon may not hold; at most one in the number of rows.")
    ] = DEFAULT_DELTA,
    minimum_reward: Annotated[
        str, typer.Option(help="A campaign must have at least this much left to pay.", metavar="AMOUNT")
    ] = "0",
    maximum_stake: Annotated[
        str, typer.Option(help="Largest stake of one submission.", metavar="AMOUNT")
    ] = "0.1 ether",
) -> None:
    """Make the home directory of a mine: settings, an account, and your first rules.

    What you allow here is all that is allowed: a mine that is given no permission joins nothing. The rules
    are in the file policy.toml, with an explanation beside each; change them there at any time. "any" allows
    everybody or everything, and must be given explicitly. Privacy is on: what linear models may learn of a
    single record is bounded, unless you say "none". The account needs ether before `mine-agent run` can
    submit; making it needs none.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.errors import HomeError
    from mine_agent.home import Home
    from mine_agent.rules.policy_file import DIFFERENTIAL, FirstAnswers
    from pysonar.files.flat_toml import check
    from pysonar.party.cli.account import make_or_keep

    if allow_networks and privacy == DIFFERENTIAL:
        raise typer.BadParameter(
            "networks learn only where no budget bounds what they tell of a single record: give --privacy"
            " none as well, or leave --allow-networks out"
        )
    path = home_path(new.home)
    if Home.exists(path):  # kept with other rules than those given here, it would not do what was asked
        raise HomeError(f"{path} is already the home of a mine; choose another --home, or use it as it is")
    answers = FirstAnswers(
        scientists=tuple(allow_scientist or ()),
        capsules=tuple(allow_capsule or ()),
        fields=tuple(allow_field or ()),
        networks=allow_networks,
        minimum_reward=minimum_reward,
        maximum_stake=maximum_stake,
        privacy=privacy,
        privacy_budget=privacy_budget,
        privacy_price=privacy_price,
        privacy_delta=privacy_delta,
    )
    check("the first rules", answers)
    answers.policy("the first rules")
    unlocked = make_or_keep(
        Home,
        path,
        new,
        create=lambda settings, _: Home.create(path, settings, answers),
    )
    policy = unlocked.home.policy_file
    print_record(
        {"address": unlocked.signer.address, "home": path, "policy": policy},
        {"address": "Account", "home": "Home", "policy": "Rules"},
        form=new.form,
    )
    undecided = [
        option
        for option, given in (
            ("--allow-scientist", allow_scientist),
            ("--allow-capsule", allow_capsule),
            ("--allow-field", allow_field),
        )
        if not given
    ]
    if privacy != DIFFERENTIAL:
        warn("gradients will leave without noise: from two of them a single record can be worked out")
    if undecided:
        note(f"no campaign will be joined yet: {', '.join(undecided)} not given; edit {policy}")
    note(
        "next: send some ether to the account, then `mine-agent data add NAME FILE.csv` and `mine-agent run`"
    )
