#include "cli_fix.h"

#include <string.h>

#include "campaign.h"
#include "tag.h"

static bool
is_used(const struct conf *conf, const char *campaign)
{
	for (size_t t = 0; t < conf->n_triggers; t++)
		for (size_t i = 0; i < conf->triggers[t].n_campaigns; i++)
			if (conf->triggers[t].enabled && strcmp(campaign,
			        conf->triggers[t].campaigns[i].id) == 0)
				return true;
	return false;
}

bool
cli_fix_tags(struct cli *cli, const char *const **tags, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const struct conf *conf = cli->conf;
	const char *prefix = conf->writeback.tag_prefix;

	if (cli->db != NULL && !campaign_list(cli->db, cli->tenant.id,
	        cli->arena, &r, err))
		return false;
	const int rows = r == NULL ? 0 : db_rows(r);
	const char **list = arena_array(cli->arena, (size_t)rows + 2,
	    sizeof(*list));
	if (list == NULL)
		return err_nomem(err);
	*n = 0;
	list[(*n)++] = conf->rules.no_send_tag;
	list[(*n)++] = tag_skip_build(cli->arena, prefix);
	for (int i = 0; i < rows; i++)
		if (db_bool(r, i, 3) && !db_is_null(r, i, 2) &&
		    db_is_null(r, i, 6) && is_used(conf, db_text(r, i, 0)))
			list[(*n)++] = tag_ask_build(cli->arena, prefix,
			    db_text(r, i, 2));
	*tags = list;
	return !arena_failed(cli->arena) || err_nomem(err);
}
