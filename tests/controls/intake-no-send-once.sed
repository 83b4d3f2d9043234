# NoSend is read when a card is new, and never again.
# file daemon/contact.c
# test db/test_intake
# lines 2
s/"         no_send = excluded.no_send, company_no_send/"         company_no_send/
