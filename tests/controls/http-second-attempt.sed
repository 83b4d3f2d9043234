# libcurl may begin a request again, where there is no body to rewind.
# file daemon/http*.c
# test exchange/test_http
# lines 2
s/	if (x->attempts++ > 0)/	if (x->attempts++ > 9)/
