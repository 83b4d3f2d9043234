# What was closed before the first run makes rows.
# file daemon/event.c
# test db/test_intake
# lines 2
s/FROM page p JOIN seen s USING (trigger, event_id) WHERE NOT $21"/FROM page p JOIN seen s USING (trigger, event_id)"/
