# Mails of a night may be due before its window ends.
# file daemon/calendar.c
# test unit/test_time_nights
# lines 2
s/^	return cal->send_at_min < cal->window_until_min ? 1 : 0;$/	return cal->send_at_min < cal->window_until_min - 1440 ? 1 : 0;/
