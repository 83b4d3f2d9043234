# A mail whose connection broke after its end was handed over is sent again.
# file daemon/mail.c
# test system/test_preview
# lines 2
s/return MAIL_UNKNOWN;/return MAIL_NOT_SENT;/
