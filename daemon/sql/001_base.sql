-- The data model of design section 3. tenant_id stands first in every key, so
-- that rows can be distributed by tenant later. No triggers, no functions; days
-- are computed by the program in the tenant's zone.

CREATE SCHEMA IF NOT EXISTS npsync;

-- One customer account.
CREATE TABLE npsync.tenant (
  tenant_id     bigint PRIMARY KEY,
  name          text NOT NULL UNIQUE,
  person_secret bytea NOT NULL CHECK (octet_length(person_secret) = 32), -- made once, never rotated: every person key depends on it
  epoch         bigint NOT NULL DEFAULT 0,                  -- rises with each run that takes the lease
  lease_until   timestamptz NOT NULL DEFAULT '-infinity',   -- on the database's clock
  holder        text,                                       -- place of the lock (machine:device:inode), boot, pid
  wanted        boolean NOT NULL DEFAULT false,             -- somebody waits: an hourly run yields at its next page
  paused        boolean NOT NULL DEFAULT true,              -- until `npsync activate`
  sends         bigint NOT NULL DEFAULT 0,                  -- claims ever made; compared with the high-water file
  restored_at   timestamptz,                                -- when a restored backup was noticed; null = settled, or never
  created_at    timestamptz NOT NULL,
  timezone      text NOT NULL DEFAULT 'Europe/Copenhagen'   -- of the configuration, as the last run had it: the views' months
);

CREATE TABLE npsync.run (
  tenant_id       bigint NOT NULL REFERENCES npsync.tenant,
  run_id          bigint GENERATED ALWAYS AS IDENTITY,
  kind            text NOT NULL CHECK (kind IN ('night', 'hourly', 'manual', 'resync')),
  night           date NOT NULL,
  epoch           bigint NOT NULL,
  actor           text NOT NULL,
  settings_digest text NOT NULL,
  started_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  result          text,          -- ok, partial, failed, cancelled; null = running or killed
  detail          text,          -- the sentence of the error
  watermarks      text,          -- of all streams, at its end
  PRIMARY KEY (tenant_id, run_id)
);

-- What a digest was made of: a line "key=value" for each setting.
CREATE TABLE npsync.settings (
  tenant_id bigint NOT NULL REFERENCES npsync.tenant,
  digest    text NOT NULL,
  first_at  timestamptz NOT NULL,
  text      text NOT NULL,       -- no secrets, no addresses
  PRIMARY KEY (tenant_id, digest)
);

-- Counts add up: within a stage and source, `seen` = sum of the other outcomes.
CREATE TABLE npsync.run_count (
  tenant_id bigint NOT NULL,
  run_id    bigint NOT NULL,
  stage     text NOT NULL,
  source    text NOT NULL,       -- connector and stream, or ''
  outcome   text NOT NULL,
  reason    text NOT NULL,       -- '' = none
  n         bigint NOT NULL,
  PRIMARY KEY (tenant_id, run_id, stage, source, outcome, reason),
  FOREIGN KEY (tenant_id, run_id) REFERENCES npsync.run ON DELETE CASCADE
);

-- How far each stream was read.
CREATE TABLE npsync.cursor (
  tenant_id          bigint NOT NULL REFERENCES npsync.tenant,
  connector          text NOT NULL,
  stream             text NOT NULL,
  watermark          text,                   -- as received; moves when a pass is complete
  resume             text,                   -- position inside a broken pass; dies with it
  pass               bigint NOT NULL DEFAULT 0,
  first_completed_at timestamptz,            -- null = the baseline is not complete
  completed_at       timestamptz,
  swept_at           timestamptz,            -- the last look back (watermark.sweep_days)
  PRIMARY KEY (tenant_id, connector, stream)
);

-- The key of every event ever met; no personal data; never purged.
CREATE TABLE npsync.event_seen (
  tenant_id bigint NOT NULL REFERENCES npsync.tenant,
  connector text NOT NULL,
  trigger   text NOT NULL,
  event_id  text NOT NULL,
  baseline  boolean NOT NULL,                -- was there before the first run
  PRIMARY KEY (tenant_id, connector, trigger, event_id)
);

-- Last known facts of a CRM card.
CREATE TABLE npsync.contact (
  tenant_id        bigint NOT NULL REFERENCES npsync.tenant,
  connector        text NOT NULL,
  contact_id       text NOT NULL,
  full_name        text, first_name text, last_name text,
  email            text,                     -- as the CRM has it
  address_state    text NOT NULL CHECK (address_state IN ('ok', 'none', 'bad')),
  address_domain   text,                     -- of the normalised address
  role_address     boolean NOT NULL DEFAULT false,
  phone            text, mobile text,
  language         text, country text,
  company_id       text, company text, relation text, segment text, department text,
  company_since    timestamptz,              -- when another company was seen on the card; null = never
  owner_id         text, owner_name text, owner_email text,
  link             text,                     -- opens the card in the CRM
  employed         boolean,                  -- null = the CRM does not say
  consent          boolean,
  consent_at       timestamptz,
  opted_out        boolean NOT NULL DEFAULT false,  -- the CRM's own flag
  opted_out_by     text,                     -- which flag that is, for a person; null = not told
  no_send          boolean NOT NULL DEFAULT false,
  company_no_send  boolean NOT NULL DEFAULT false,
  gone             boolean NOT NULL DEFAULT false,
  anonymised       boolean NOT NULL DEFAULT false,
  erased           boolean NOT NULL DEFAULT false,  -- nothing of the person is kept (opt_out, source erased)
  moved_to         text,                     -- survivor of a merge
  tags             text[] NOT NULL DEFAULT '{}',
  commands         text[] NOT NULL DEFAULT '{}',   -- those of the tags that tell npsync something
  person           bytea[] NOT NULL,         -- keyed hashes: [1] = address, or the card where there is none
  merged_keys      bytea[] NOT NULL DEFAULT '{}',  -- of cards that were merged into this one
  address_key      bytea GENERATED ALWAYS AS (person[1]) STORED,
  last_activity_on date,                     -- completed meeting, phone call or mail
  last_won_on      date,
  extra            jsonb,
  pass             bigint NOT NULL DEFAULT 0,  -- of the contact stream that met the card last
  facts_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connector, contact_id)
) WITH (fillfactor = 70);
CREATE INDEX contact_commands ON npsync.contact (tenant_id) WHERE commands <> '{}';
CREATE INDEX contact_address ON npsync.contact (tenant_id, address_key);
CREATE INDEX contact_moved ON npsync.contact (tenant_id, connector, moved_to) WHERE moved_to IS NOT NULL;
CREATE INDEX contact_silent ON npsync.contact (tenant_id, last_activity_on) WHERE last_won_on IS NOT NULL AND NOT gone;

-- Activities that lie ahead. The others are rolled up in contact.
CREATE TABLE npsync.planned_activity (
  tenant_id   bigint NOT NULL REFERENCES npsync.tenant,
  connector   text NOT NULL,
  contact_id  text NOT NULL,
  activity_id text NOT NULL,
  planned_on  date NOT NULL,
  pass        bigint NOT NULL,
  PRIMARY KEY (tenant_id, connector, contact_id, activity_id)
);

-- An event that may become a survey.
CREATE TABLE npsync.queue (
  tenant_id      bigint NOT NULL REFERENCES npsync.tenant,
  queue_id       bigint GENERATED ALWAYS AS IDENTITY,   -- a name, never an order
  connector      text NOT NULL,
  trigger        text NOT NULL,                         -- open list of codes
  event_id       text NOT NULL,                         -- inactivity: last activity's date and the card
  contact_id     text NOT NULL,                         -- '' = the event names nobody
  category       text, stage text, employee_id text,
  automatic      boolean NOT NULL DEFAULT false,        -- closed by the CRM, not by a person
  occurred_at    timestamptz NOT NULL,
  transition_at  timestamptz,
  created_at     timestamptz NOT NULL,
  created_night  date NOT NULL,
  state          text NOT NULL DEFAULT 'queued' CHECK (state IN
    ('queued', 'suppressed', 'expired', 'excluded', 'held', 'sending', 'sent', 'deferred', 'failed', 'unknown')),
  reason         text,
  deferred_until timestamptz NOT NULL DEFAULT '-infinity',
  decided_night  date,                                  -- the last night whose decide judged the row
  due_night      date,                                  -- written by decide, demanded by the claim
  due_rank       int,
  requeued       boolean NOT NULL DEFAULT false,        -- had lost to a row that then ended unsent
  released       boolean NOT NULL DEFAULT false,        -- an administrator let it go: no flood any more
  campaign       text,                                  -- id at the service
  campaign_wanted text,                                 -- an administrator's choice (npsync enqueue)
  test           boolean NOT NULL DEFAULT false,        -- a try, for people of rules.own_domains alone (npsync enqueue --test)
  send_offset_s  int NOT NULL DEFAULT 0,                -- after send.at: the company's mails of a night are spread
  send_at        timestamptz,
  client_ref     uuid NOT NULL,                         -- random, one for the life of the row
  remote_id      text,                                  -- null in 'sent' = accepted, id pending
  absent_at      timestamptz,                           -- the first complete listing of the service that lacked it; in 'sent': since listed_at
  listed_at      timestamptz,                           -- the last listing that showed it
  person         bytea[] NOT NULL DEFAULT '{}',         -- copied by decide
  person_key     bytea GENERATED ALWAYS AS (person[1]) STORED,
  attempt        int NOT NULL DEFAULT 0,                -- rises with each claim
  epoch          bigint,                                -- of the run that claimed
  version        int NOT NULL DEFAULT 0,                -- rises with each move; number of the history row
  owner          text, department text, company_id text, company text, segment text, country text, consent boolean, -- copied at transfer
  PRIMARY KEY (tenant_id, queue_id),
  UNIQUE (tenant_id, connector, trigger, event_id, contact_id),
  UNIQUE (tenant_id, client_ref)
);
CREATE INDEX queue_due ON npsync.queue (tenant_id, due_night, due_rank) WHERE state IN ('queued', 'deferred');
CREATE INDEX queue_contact ON npsync.queue (tenant_id, connector, contact_id);
CREATE INDEX queue_remote ON npsync.queue (tenant_id, remote_id) WHERE remote_id IS NOT NULL;  -- not unique: a service may give one id per person
CREATE INDEX queue_open ON npsync.queue (tenant_id, state) WHERE state IN ('sending', 'unknown', 'held', 'excluded');
CREATE INDEX queue_sent ON npsync.queue (tenant_id, due_night, trigger) WHERE state IN ('sending', 'sent', 'unknown');  -- nights: usual number, company cap
CREATE UNIQUE INDEX queue_sending ON npsync.queue (tenant_id, person_key) WHERE state = 'sending';  -- the last net

CREATE TABLE npsync.queue_history (
  tenant_id  bigint NOT NULL,
  queue_id   bigint NOT NULL,
  version    int NOT NULL,
  at         timestamptz NOT NULL,
  actor      text NOT NULL,          -- decide, push, settle, or a person's login
  run_id     bigint,
  from_state text NOT NULL,
  to_state   text NOT NULL,
  detail     text,
  PRIMARY KEY (tenant_id, queue_id, version),
  FOREIGN KEY (tenant_id, queue_id) REFERENCES npsync.queue ON DELETE CASCADE
);

-- Evidence for every frequency rule: one row per send and person key. No
-- foreign key: it outlives the queue row and the person's erasure.
CREATE TABLE npsync.person_send (
  tenant_id  bigint NOT NULL,
  person_key bytea NOT NULL,
  sent_on    date NOT NULL,
  ref        text NOT NULL,
  source     text NOT NULL CHECK (source IN ('own', 'foreign')),
  campaign   text,
  PRIMARY KEY (tenant_id, person_key, sent_on, ref)
);
CREATE INDEX person_send_day ON npsync.person_send (tenant_id, sent_on, ref);

-- Who declined, or was erased.
CREATE TABLE npsync.opt_out (
  tenant_id  bigint NOT NULL REFERENCES npsync.tenant,
  person_key bytea NOT NULL,
  source     text NOT NULL,          -- survey, crm, erased, admin
  scope      text NOT NULL DEFAULT 'all',  -- or the campaign that is meant
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, person_key, source, scope)
);

CREATE TABLE npsync.campaign (
  tenant_id   bigint NOT NULL REFERENCES npsync.tenant,
  campaign_id text NOT NULL,
  name        text NOT NULL,         -- as the service has it
  tag_name    text,                  -- NFC, trimmed; null = cannot stand in a tag
  tag_fold    text,                  -- the same in small letters: what people take for one name
  tag_taken_by text,                 -- the campaign that had this name first: this one gets no tags
  listed      boolean NOT NULL,      -- in the service's last complete list
  seen_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, campaign_id)
);

CREATE TABLE npsync.answer (
  tenant_id     bigint NOT NULL REFERENCES npsync.tenant,
  answer_id     text NOT NULL,       -- the service's
  campaign_id   text,
  score         int CHECK (score BETWEEN 0 AND 10),   -- null = none
  comment       text,
  answered_at   timestamptz,
  changed_at    timestamptz,
  wants_contact boolean NOT NULL DEFAULT false,
  address_key   bytea,
  matched       text NOT NULL CHECK (matched IN ('ref', 'remote', 'card', 'address', 'ambiguous', 'none', 'anonymised', 'erased')),
  queue_id      bigint,
  connector     text,
  contact_id    text,
  first_seen_at timestamptz NOT NULL,
  alarm_score_at   timestamptz,      -- when its score was told on (alarm.rules), or is to be; null = it is not
  alarm_contact_at timestamptz,      -- the same of the wish to be contacted
  PRIMARY KEY (tenant_id, answer_id)
);
CREATE INDEX answer_seen ON npsync.answer (tenant_id, first_seen_at);
CREATE INDEX answer_unplaced ON npsync.answer (tenant_id, address_key) WHERE matched IN ('ambiguous', 'none');
CREATE INDEX answer_contact ON npsync.answer (tenant_id, connector, contact_id) WHERE contact_id IS NOT NULL;

-- Addresses of answers that fit no known card, for a CRM that can be asked for
-- one; the address itself stands here until that was done.
CREATE TABLE npsync.answer_search (
  tenant_id   bigint NOT NULL REFERENCES npsync.tenant,
  address_key bytea NOT NULL,
  email       text,                  -- null = every CRM was asked
  wanted_at   timestamptz NOT NULL,
  asked_at    timestamptz,
  PRIMARY KEY (tenant_id, address_key)
);

-- The tag a contact should carry per campaign; the newest answer wins.
CREATE TABLE npsync.tag_want (
  tenant_id   bigint NOT NULL REFERENCES npsync.tenant,
  connector   text NOT NULL,
  contact_id  text NOT NULL,
  campaign_id text NOT NULL,
  answer_id   text NOT NULL,
  answered_at timestamptz NOT NULL,
  tag_prefix  text NOT NULL,         -- "NPSToday.Møde.": what the tag replaces
  old_prefix  text,                  -- of the name before; its tags go with the next write
  tag         text NOT NULL,
  applied_tag text,                  -- what we wrote last
  applied_at  timestamptz,
  tried_at    timestamptz,           -- when the CRM last said what became of it
  state       text NOT NULL CHECK (state IN ('wanted', 'done', 'gone', 'rejected', 'conflict')),
  reason      text,
  PRIMARY KEY (tenant_id, connector, contact_id, campaign_id)
);
CREATE INDEX tag_want_open ON npsync.tag_want (tenant_id, connector) WHERE state IN ('wanted', 'conflict');

-- What a person told npsync by a tag on a card (Skip, Ask.<campaign>), until the
-- card shows the tag no more.
CREATE TABLE npsync.tag_command (
  tenant_id     bigint NOT NULL REFERENCES npsync.tenant,
  connector     text NOT NULL,
  contact_id    text NOT NULL,
  command       text NOT NULL,       -- 'skip', 'ask.<campaign in small letters>'
  tag           text NOT NULL,       -- as the card spells it
  campaign_fold text,                -- of Ask
  state         text NOT NULL CHECK (state IN ('open', 'acted', 'removed', 'refused')),
  reason        text,                -- why it is open, or the tag was not removed
  seen_at       timestamptz NOT NULL,
  acted_at      timestamptz,
  tried_at      timestamptz,         -- when the CRM last said what became of the removal
  PRIMARY KEY (tenant_id, connector, contact_id, command)
);

-- One intended write other than survey and tag.
CREATE TABLE npsync.effect (
  tenant_id    bigint NOT NULL REFERENCES npsync.tenant,
  kind         text NOT NULL CHECK (kind IN ('field', 'history', 'feed', 'task', 'mail', 'webhook', 'opt_out')),
  target       text NOT NULL,        -- connector, address of a mail, ...
  subject      text NOT NULL,        -- answer (history, feed, task), card (field, opt_out), or what a mail is about
  state        text NOT NULL CHECK (state IN ('wanted', 'doing', 'done', 'unknown', 'failed')),
  reason       text,
  updated_at   timestamptz NOT NULL,
  how          text,                 -- of a mail or webhook about an answer: 'once da', 'digest da'; null = not tried any more
  payload_hash text,                 -- field, history: of what is wanted, or was written last
  tries        int NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, kind, target, subject)
);
CREATE INDEX effect_open ON npsync.effect (tenant_id, kind, updated_at) WHERE state IN ('wanted', 'failed') AND how IS NOT NULL;
CREATE INDEX effect_crm ON npsync.effect (tenant_id, kind, target) WHERE state IN ('wanted', 'doing', 'unknown');

-- Records nobody could read.
CREATE TABLE npsync.quarantine (
  tenant_id  bigint NOT NULL REFERENCES npsync.tenant,
  connector  text NOT NULL,
  source     text NOT NULL,          -- file, or stream
  line       bigint NOT NULL,        -- 0 = none
  record_key text NOT NULL,          -- '' = none
  reason     text NOT NULL,
  first_at   timestamptz NOT NULL,
  last_at    timestamptz NOT NULL,
  run_id     bigint NOT NULL,        -- that met it last
  PRIMARY KEY (tenant_id, connector, source, line, record_key, reason)
);

-- A health state; one alarm per change. Subject of kind flood: the trigger; run:
-- its kind; connector: its name; suppressed, unconfirmed: the survey driver; secret: the
-- credential; vanished: key and value;
-- of budget, transfer, mail, no_run, erasure, export: ''.
CREATE TABLE npsync.alarm (
  tenant_id  bigint NOT NULL REFERENCES npsync.tenant,
  kind       text NOT NULL,
  subject    text NOT NULL,
  state      text NOT NULL CHECK (state IN ('ok', 'raised')),
  since      timestamptz NOT NULL,
  detail     text,
  told_at    timestamptz,
  PRIMARY KEY (tenant_id, kind, subject)
);

-- What the last preview mails said of each row; the last nights only.
CREATE TABLE npsync.previewed (
  tenant_id bigint NOT NULL REFERENCES npsync.tenant,
  night     date NOT NULL,
  queue_id  bigint NOT NULL,
  verdict   text NOT NULL,           -- go, wait, or a reason
  PRIMARY KEY (tenant_id, night, queue_id)
);

-- What waits by an administrator's wish: rows that match all that is not null.
CREATE TABLE npsync.pause (
  tenant_id bigint NOT NULL REFERENCES npsync.tenant,
  pause_id  bigint GENERATED ALWAYS AS IDENTITY,
  trigger   text,
  campaign  text,                    -- id at the service
  company   text,                    -- id or name
  country   text,                    -- ISO code, capitals
  until     timestamptz,             -- null = until it is taken off
  reason    text,
  actor     text NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, pause_id)
);

-- Who did what and why.
CREATE TABLE npsync.audit (
  tenant_id bigint NOT NULL REFERENCES npsync.tenant,
  audit_id  bigint GENERATED ALWAYS AS IDENTITY,
  at        timestamptz NOT NULL,
  actor     text NOT NULL,
  action    text NOT NULL,           -- activate, pause, exclude, include, ...
  subject   text NOT NULL,
  detail    text,
  PRIMARY KEY (tenant_id, audit_id)
);
CREATE INDEX audit_at ON npsync.audit (tenant_id, at);

-- An erasure that was asked for: what stays of it names nobody.
CREATE TABLE npsync.erasure (
  tenant_id    bigint NOT NULL REFERENCES npsync.tenant,
  erasure_id   bigint GENERATED ALWAYS AS IDENTITY,
  keys         bytea[] NOT NULL,       -- keyed hashes; intake knows the person by them (opt_out, source erased)
  actor        text NOT NULL,
  reason       text,
  requested_at timestamptz NOT NULL,
  counts       jsonb NOT NULL DEFAULT '{}',   -- place -> how many
  by_hand      text[] NOT NULL DEFAULT '{}',  -- what a connector cannot do
  completed_at timestamptz,            -- null = steps are open
  PRIMARY KEY (tenant_id, erasure_id)
);

-- Its steps at others that are still open. Whom to erase there must be named
-- there, so these rows hold it until they are done, and no longer.
CREATE TABLE npsync.erasure_step (
  tenant_id  bigint NOT NULL,
  erasure_id bigint NOT NULL,
  place      text NOT NULL,            -- connector
  kind       text NOT NULL CHECK (kind IN ('address', 'phone', 'tag')),
  target     text NOT NULL,            -- address or number at the survey service; card of the tag
  tag_prefix text NOT NULL DEFAULT '',
  tag        text NOT NULL DEFAULT '',
  tried_at   timestamptz,
  reason     text,                     -- why it is still open
  PRIMARY KEY (tenant_id, erasure_id, place, kind, target, tag),
  FOREIGN KEY (tenant_id, erasure_id) REFERENCES npsync.erasure ON DELETE CASCADE
);

-- For people and BI tools. The first seven columns are the log that users of
-- the built-in modules know.
CREATE VIEW npsync.v_log AS
SELECT q.tenant_id, q.created_at AS created, q.trigger AS source, c.email AS recipient,
       coalesce(q.owner, c.owner_name) AS employee,
       CASE WHEN q.state IN ('sent', 'unknown') THEN h.at END AS transferred,
       q.campaign, p.name AS campaign_name, q.queue_id, q.connector, q.contact_id,
       q.state, q.reason, q.due_night, q.send_at, q.test
  FROM npsync.queue q
  LEFT JOIN npsync.contact c ON c.tenant_id = q.tenant_id AND c.connector = q.connector AND c.contact_id = q.contact_id
  LEFT JOIN npsync.campaign p ON p.tenant_id = q.tenant_id AND p.campaign_id = q.campaign
  LEFT JOIN LATERAL (SELECT max(x.at) AS at FROM npsync.queue_history x
                      WHERE x.tenant_id = q.tenant_id AND x.queue_id = q.queue_id AND x.to_state = 'sending') h ON true;

CREATE VIEW npsync.v_answers AS
SELECT a.tenant_id, a.answer_id, a.answered_at, a.score,
       CASE WHEN a.score >= 9 THEN 'promoter' WHEN a.score >= 7 THEN 'passive' WHEN a.score >= 0 THEN 'detractor' END AS band,
       a.comment, a.campaign_id, p.name AS campaign_name, a.matched,
       CASE WHEN a.matched NOT IN ('anonymised', 'erased') THEN a.connector END AS connector,
       CASE WHEN a.matched NOT IN ('anonymised', 'erased') THEN a.contact_id END AS contact_id,
       q.queue_id, q.trigger, q.owner, q.department, q.company, q.segment, q.country,
       EXISTS (SELECT 1 FROM npsync.queue x WHERE x.tenant_id = a.tenant_id AND x.queue_id = a.queue_id AND x.test) AS test
  FROM npsync.answer a
  LEFT JOIN npsync.campaign p ON p.tenant_id = a.tenant_id AND p.campaign_id = a.campaign_id
  -- Whoever is anonymised cannot be found again by their row.
  LEFT JOIN npsync.queue q ON q.tenant_id = a.tenant_id AND q.queue_id = a.queue_id
       AND a.matched NOT IN ('anonymised', 'erased');

CREATE VIEW npsync.v_run AS
SELECT r.tenant_id, r.run_id, r.kind, r.night, r.started_at, r.ended_at, r.result, r.detail,
       n.stage, n.source, n.outcome, n.reason, n.n
  FROM npsync.run r
  LEFT JOIN npsync.run_count n ON n.tenant_id = r.tenant_id AND n.run_id = r.run_id;

-- What the figures below are made of: the answers with a score, but for those
-- of colleagues who tried it. Facts are those of the transfer; of an answer to a
-- survey that others sent, those of the card now; of somebody who was erased or
-- anonymised, none.
CREATE VIEW npsync.v_nps_answer AS
SELECT a.tenant_id, a.campaign_id, coalesce(p.name, a.campaign_id) AS campaign_name,
       to_char(coalesce(a.answered_at, a.first_seen_at) AT TIME ZONE t.timezone, 'YYYY-MM') AS month, a.score,
       q.trigger, q.connector || ':' || q.employee_id AS employee,
       CASE WHEN q.queue_id IS NULL THEN c.owner_name ELSE q.owner END AS owner,
       CASE WHEN q.queue_id IS NULL THEN c.department ELSE q.department END AS department,
       CASE WHEN q.queue_id IS NULL THEN c.company ELSE q.company END AS company,
       CASE WHEN q.queue_id IS NULL THEN c.connector || ':' || c.company_id
            ELSE q.connector || ':' || q.company_id END AS company_id,
       CASE WHEN q.queue_id IS NULL THEN c.segment ELSE q.segment END AS segment,
       CASE WHEN q.queue_id IS NULL THEN c.country ELSE q.country END AS country
  FROM npsync.answer a
  JOIN npsync.tenant t ON t.tenant_id = a.tenant_id
  LEFT JOIN npsync.campaign p ON p.tenant_id = a.tenant_id AND p.campaign_id = a.campaign_id
  LEFT JOIN npsync.queue q ON q.tenant_id = a.tenant_id AND q.queue_id = a.queue_id
       AND a.matched NOT IN ('anonymised', 'erased')
  LEFT JOIN npsync.contact c ON c.tenant_id = a.tenant_id AND c.connector = a.connector AND c.contact_id = a.contact_id
       AND a.matched NOT IN ('anonymised', 'erased')
 WHERE a.score IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM npsync.queue x WHERE x.tenant_id = a.tenant_id AND x.queue_id = a.queue_id AND x.test);

-- Never over campaigns: each may belong to another programme. A float would
-- round halves to even, a numeric away from zero.
CREATE VIEW npsync.v_nps_by_campaign AS
SELECT tenant_id, campaign_id, campaign_name, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name) s;

CREATE VIEW npsync.v_nps_by_month AS
SELECT tenant_id, campaign_id, campaign_name, month, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, month, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, month) s;

CREATE VIEW npsync.v_nps_by_trigger AS
SELECT tenant_id, campaign_id, campaign_name, trigger, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, trigger, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, trigger) s;

CREATE VIEW npsync.v_nps_by_employee AS
SELECT tenant_id, campaign_id, campaign_name, employee, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, employee, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, employee) s;

CREATE VIEW npsync.v_nps_by_owner AS
SELECT tenant_id, campaign_id, campaign_name, owner, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, owner, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, owner) s;

CREATE VIEW npsync.v_nps_by_department AS
SELECT tenant_id, campaign_id, campaign_name, department, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, department, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, department) s;

-- A company is one by its id, whatever it is called now; by its name where
-- the CRM has none.
CREATE VIEW npsync.v_nps_by_company AS
SELECT tenant_id, campaign_id, campaign_name, company, company_id, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, max(company) AS company, company_id,
               count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer
         GROUP BY tenant_id, campaign_id, campaign_name, company_id,
                  CASE WHEN company_id IS NULL THEN company END) s;

CREATE VIEW npsync.v_nps_by_segment AS
SELECT tenant_id, campaign_id, campaign_name, segment, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, segment, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, segment) s;

CREATE VIEW npsync.v_nps_by_country AS
SELECT tenant_id, campaign_id, campaign_name, country, promoters, passives, detractors, n,
       round(100 * (promoters - detractors)::numeric / n)::int AS nps
  FROM (SELECT tenant_id, campaign_id, campaign_name, country, count(*) FILTER (WHERE score >= 9) AS promoters,
               count(*) FILTER (WHERE score IN (7, 8)) AS passives,
               count(*) FILTER (WHERE score <= 6) AS detractors, count(*) AS n
          FROM npsync.v_nps_answer GROUP BY tenant_id, campaign_id, campaign_name, country) s;
