# libcurl may rewind a body that it handed out.
# file daemon/http*.c
# test exchange/test_http
# lines 2
s/	return CURL_SEEKFUNC_FAIL;/	((struct xfer *)arg)->handed = 0; return CURL_SEEKFUNC_OK;/
