# A redirect is followed, the key's header with it.
# file daemon/http*.c
# test exchange/test_http
# lines 2
s/CURLOPT_FOLLOWLOCATION, 0L/CURLOPT_FOLLOWLOCATION, 1L/
