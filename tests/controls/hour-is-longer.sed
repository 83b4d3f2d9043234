# A service that keeps no mail gets people long after the hour of send.at.
# file daemon/calendar.c
# test db/test_hours
# lines 2
s/^		    now < calendar_push_end(cal, night))$/		    now < calendar_push_end(cal, night) + 36000)/
