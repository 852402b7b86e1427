"""The index's tables beside the follower's own: what follows from the events.

Amounts are 40 decimal digits with leading zeros: SQLite has no integers as wide as wei, and such texts sort
as the numbers do. Times are seconds since 1970.
"""

from pysonar.chain.migrations import Tables

_STEP_1 = (
    "create table block_time (hash blob primary key, number integer not null, at integer not null) strict",
    """create table campaign (
        id blob primary key, owner text not null, capsule text not null, spec blob not null, asset text not
        null, bounty text not null, stake text not null, fee text not null, target integer not null,
        min_gain integer not null, max_start integer not null, submit_until integer not null, review_until
        integer not null, max_pending integer not null, gap_basis integer not null, salt blob not null,
        state text not null, public_key blob, model blob, result blob, reason text, version integer not
        null, start integer, best integer, submitted integer not null, evaluated integer not null, paid text
        not null, refund text, fees text, burned text, created_block integer not null, created_at integer
        not null, opened_at integer, delivered_at integer, ended_at integer) strict""",
    "create index campaign_created on campaign (created_block, id)",
    "create index campaign_state on campaign (state, created_block, id)",
    "create index campaign_owner on campaign (owner, created_block, id)",
    "create index campaign_capsule on campaign (capsule, created_block, id)",
    """create table submission (
        campaign blob not null, place integer not null, miner text not null, digest blob not null,
        submitted_block integer not null, submitted_at integer not null, verdict text, verdict_at integer,
        version integer, accuracy integer, payout text, model blob, reclaimed integer not null,
        primary key (campaign, place)) strict""",
    "create index submission_miner on submission (miner, submitted_block, campaign, place)",
    """create table miner (
        address text not null, asset text not null, earned text not null, submissions integer not null,
        improved integer not null, no_gain integer not null, malformed integer not null,
        unavailable integer not null, reclaimed integer not null, primary key (address, asset)) strict""",
    "create index miner_earned on miner (asset, earned, address)",
    """create table capsule (
        address text primary key, campaigns integer not null, opened integer not null, declined integer not
        null, delivered integer not null, improved integer not null, no_gain integer not null, malformed
        integer not null, unavailable integer not null, opening_seconds integer not null, verdict_seconds
        integer not null) strict""",
    """create table day (
        day text not null, asset text not null, campaigns integer not null, opened integer not null,
        settled integer not null, submissions integer not null, verdicts integer not null, gains integer not
        null, bounties text not null, paid text not null, primary key (day, asset)) strict""",
)
# What specs are called, read from the store; not from the chain, and not lost by a rebuild.
_STEP_2 = (
    """create table spec_title (
        digest blob primary key, title text not null, folded text not null) strict""",
)
# A Capsule's silence is counted from the first event on, so everything is read again.
_STEP_3 = (
    *(f"delete from {table}" for table in ("event", "checkpoint", "block_time")),  # noqa: S608 - our own
    *(f"delete from {table}" for table in ("campaign", "submission", "miner", "capsule", "day")),  # noqa: S608
    # Of agents that ask for what waits, or for their own: here nobody does, and each costs at every event.
    "drop index if exists event_waiting",
    "drop index if exists event_miner",
    "alter table campaign add column judged_at integer",
    "alter table capsule add column unavailable_seconds integer not null default 0",
    "alter table block_time add column gas_read integer not null default 0",
    "create index block_time_gas on block_time (number) where gas_read = 0",
    """create table gas (
        block_hash blob not null, transaction_hash blob not null, block_number integer not null, day text not
        null, call text not null, used integer not null, cost text not null,
        primary key (block_hash, transaction_hash)) strict""",
    "create index gas_block on gas (block_number)",
    "create index gas_of_day on gas (day)",
    """create table gas_day (
        day text not null, call text not null, transactions integer not null, used integer not null,
        least integer not null, most integer not null, cost text not null, primary key (day, call)) strict""",
    "create index campaign_asset on campaign (asset)",
    "create table token (address text primary key, symbol text, decimals integer not null) strict",
)
# Nobody asks an index for the places of a queue by their JSON; a re-org is looked for by block.
_STEP_4 = ("drop index if exists event_queue", "create index event_block on event (block_number)")
# Of all events by their names, only those of certificates are asked for.
_STEP_5 = (
    "drop index if exists event_name",
    "create index event_certificate on event (block_number, log_index) where name = 'CapsuleRegistered'",
)
TABLES = Tables("statistics", (_STEP_1, _STEP_2, _STEP_3, _STEP_4, _STEP_5))

DIGITS = 40


def amount(value: int) -> str:
    """An amount as its column holds it.

    >>> amount(25)[-4:], len(amount(25))
    ('0025', 40)
    """
    return f"{value:0{DIGITS}d}"
