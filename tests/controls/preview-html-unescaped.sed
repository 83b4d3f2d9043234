# A company's name becomes markup in the preview mail.
# file daemon/html.c
# test unit/test_preview
# lines 2
s/(void)fputs("&lt;", out);/(void)fputc('<', out);/
