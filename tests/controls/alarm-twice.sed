# An answer that was told of is decided again whenever a run comes.
# file daemon/answer_alarm.c
# test db/test_alarms
# lines 2
s/a\.alarm_score_at IS NULL AND a\.score <= r\.bound"/a.score <= r.bound"/
