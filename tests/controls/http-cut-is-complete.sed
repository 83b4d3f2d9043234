# An answer that ends inside its headers counts as complete.
# file daemon/http*.c
# test exchange/test_http
# lines 2
s/return code == CURLE_OK && x->headers_ended/return code == CURLE_OK/
