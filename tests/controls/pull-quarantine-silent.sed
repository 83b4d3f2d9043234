# A record that cannot be read is dropped and nobody told.
# file daemon/stage_pull.c
# test db/test_pull
# lines 2
s/^		link_quarantine(&p->crm->link, stream_names\[p->stream\], 0, key, fault);$/(void)key;/
