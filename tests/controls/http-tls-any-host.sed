# A certificate of another host will do: neither libcurl looks nor OpenSSL.
# file daemon/http*.c
# test exchange/test_http_tls
# lines 4
s/CURLOPT_SSL_VERIFYHOST, 2L/CURLOPT_SSL_VERIFYHOST, 0L/
s/X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1 &&/host[0] == '\\0' \&\&/
