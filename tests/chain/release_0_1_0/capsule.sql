BEGIN TRANSACTION;
CREATE TABLE checkpoint (number integer primary key, hash blob not null) strict;
INSERT INTO "checkpoint" VALUES(12,X'4444444444444444444444444444444444444444444444444444444444444444');
CREATE TABLE event (
        block_hash blob not null, log_index integer not null, block_number integer not null,
        transaction_hash blob not null, name text not null, campaign blob, fields text not null,
        handled integer not null default 0, orphaned integer not null default 0,
        primary key (block_hash, log_index)) strict;
INSERT INTO "event" VALUES(X'4444444444444444444444444444444444444444444444444444444444444444',0,12,X'3333333333333333333333333333333333333333333333333333333333333333','Settled',X'1111111111111111111111111111111111111111111111111111111111111111','{}',1,0);
CREATE TABLE meta (name text primary key, value text not null) strict;
INSERT INTO "meta" VALUES('version','1');
INSERT INTO "meta" VALUES('chain id','1337');
INSERT INTO "meta" VALUES('genesis block','0x0707070707070707070707070707070707070707070707070707070707070707');
INSERT INTO "meta" VALUES('contract','0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB');
CREATE TABLE oracle_campaigns (
        id blob primary key, owner text not null, spec blob not null, declined text,
        public_key blob, model blob, start integer, result blob,
        problem text, tries integer not null default 0, retry_at real not null default 0,
        closed integer not null default 0
    ) strict;
INSERT INTO "oracle_campaigns" VALUES(X'1111111111111111111111111111111111111111111111111111111111111111','0x2222222222222222222222222222222222222222',X'5555555555555555555555555555555555555555555555555555555555555555',NULL,X'6666666666666666666666666666666666666666666666666666666666666666',X'7777777777777777777777777777777777777777777777777777777777777777',375000,NULL,NULL,0,0.0,0);
CREATE TABLE oracle_networks (campaign blob primary key) strict;
INSERT INTO "oracle_networks" VALUES(X'1111111111111111111111111111111111111111111111111111111111111111');
CREATE TABLE oracle_verdicts (
        campaign blob not null, position integer not null, miner text not null, update_cid blob not null,
        verdict integer not null, accuracy integer not null, model blob not null, version integer not null,
        private blob, primary key (campaign, position)
    ) strict;
INSERT INTO "oracle_verdicts" VALUES(X'1111111111111111111111111111111111111111111111111111111111111111',0,'0x2222222222222222222222222222222222222222',X'8888888888888888888888888888888888888888888888888888888888888888',1,500000,X'7777777777777777777777777777777777777777777777777777777777777777',1,X'6E6F746573');
CREATE TABLE oracle_versions (
        campaign blob not null, version integer not null, model blob not null, best integer not null,
        primary key (campaign, version)
    ) strict;
INSERT INTO "oracle_versions" VALUES(X'1111111111111111111111111111111111111111111111111111111111111111',1,X'7777777777777777777777777777777777777777777777777777777777777777',500000);
CREATE TABLE outbox (
        key text primary key, account text not null, nonce integer not null, receiver text not null,
        data blob not null, value text not null, label text not null, gas integer not null,
        status text not null, problem text, receipt text, created real not null,
        unique (account, nonce)) strict;
INSERT INTO "outbox" VALUES('create:a','0x2222222222222222222222222222222222222222',7,'0x2222222222222222222222222222222222222222',X'01','10000000000000000000','create_campaign',140000,'confirmed',NULL,NULL,1764000000.5);
CREATE TABLE outbox_attempt (
        hash blob primary key, key text not null, raw blob not null, max_fee integer not null,
        tip integer not null, created real not null, sent real) strict;
INSERT INTO "outbox_attempt" VALUES(X'3333333333333333333333333333333333333333333333333333333333333333','create:a',X'02',1000000000,100000000,1764000000.5,1764000001.5);
CREATE INDEX outbox_attempt_key on outbox_attempt (key);
CREATE INDEX event_waiting on event (block_number, log_index) where handled = 0;
CREATE INDEX event_campaign on event (campaign, block_number, log_index);
COMMIT;
