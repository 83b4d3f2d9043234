# Whom a CRM names as owner is written to, wherever the mail goes.
# file daemon/stage_alarms_decide.c
# test db/test_alarms
# lines 2
s/if (strcmp(conf->rules\.own_domains\.v\[i\], domain) == 0)/if (domain != NULL)/
