# Claims go on after the window.
# file daemon/stage_push.c
# test db/test_push
# lines 4
s/^	    calendar_in_window(&stage->conf->calendar, clock_now(),$/	    (true || calendar_in_window(\&stage->conf->calendar, clock_now(),/
s/^	        stage->conf->send.stop_before_s) &&$/	        stage->conf->send.stop_before_s)) \&\&/
