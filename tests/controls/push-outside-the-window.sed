# Claims go on after the window.
# file daemon/calendar.c
# test db/test_push
# lines 2
s/^		return calendar_in_window(cal, now, stop_before_s) ?$/		return true || calendar_in_window(cal, now, stop_before_s) ?/
