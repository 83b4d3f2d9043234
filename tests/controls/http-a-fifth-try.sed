# A request is tried five times.
# file daemon/http.c
# test exchange/test_http
# lines 2
s/res->tries < http->settings.tries/res->tries <= http->settings.tries/
