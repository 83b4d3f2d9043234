# What a customer wrote becomes part of the mail's HTML.
# file daemon/template.c
# test db/test_alarms
# lines 2
s/html_of(piece)/piece/
