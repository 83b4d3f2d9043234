# A line break in a subject begins another header.
# file daemon/mail_mime.c
# test unit/test_mail
# lines 2
s/if (lines\[i\]\[1\] != NULL && !text_is_line(lines\[i\]\[1\]))/if (lines[i][1] != NULL \&\& strlen(lines[i][1]) > 900)/
