# Evidence is written with the outcome, not with the claim.
# file daemon/queue.c
# test db/test_queue
# lines 5
s/^    "    FROM pick p, unnest(p.person) k"$/    "    FROM pick p, unnest(p.person) k WHERE false"/
/AND s.ref = d.client_ref::text"/a\
    "), evidence AS (INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source)"\
    "  SELECT $1, k, $5::timestamptz::date, p.client_ref::text, 'own'"\
    "    FROM pick p, unnest(p.person) k WHERE p.t = 'sent' ON CONFLICT DO NOTHING"
