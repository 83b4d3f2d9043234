# An empty export says that all have left.
# file daemon/contact.c
# test db/test_intake
# lines 2
s/AND (SELECT (k.n < 20 AND k.missing < k.n) OR /AND (SELECT true OR /
