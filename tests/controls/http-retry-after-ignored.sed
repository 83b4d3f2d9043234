# Retry-After is not waited for.
# file daemon/http*.c
# test exchange/test_http_wait
# lines 2
s/^		http_hold(http, res->retry_after_s);/		http_hold(http, 0);/
