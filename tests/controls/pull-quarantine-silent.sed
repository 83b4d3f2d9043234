# A record that cannot be read is dropped and nobody told.
# file daemon/stage_pull.c
# test db/test_pull
# lines 1
/^		link_quarantine(&p->crm->link, stream_names\[p->stream\], 0, key, fault);$/d
