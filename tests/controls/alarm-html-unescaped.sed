# What a customer wrote becomes part of the mail's HTML.
# file daemon/template.c
# test db/test_alarms
# lines 2
s/f->form == FORM_HTML ? html_of/f->form == FORM_HTML \&\& f->out == NULL ? html_of/
