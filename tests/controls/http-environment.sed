# A proxy named by the environment is used.
# file daemon/http*.c
# test exchange/test_http
# lines 2
s/	SET(CURLOPT_PROXY, "");/	(void)s;/
