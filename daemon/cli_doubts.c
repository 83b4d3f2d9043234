#include "cli_doubts.h"

#include "contact_consent.h"
#include "doubts.h"

struct consents {
	struct cli *cli;
	struct contact_consent n;
	cli_warn_fn *warn;
	void *arg;
};

static void
check_triggers(const struct consents *c)
{
	const struct conf *conf = c->cli->conf;

	for (size_t i = 0; i < conf->n_triggers; i++)
		if (conf->triggers[i].enabled && conf->triggers[i].require_consent)
			c->warn(c->arg, arena_printf(c->cli->arena,
			    "trigger.%s.require_consent", conf->triggers[i].code),
			    "nobody is ever asked: no card says yes or no (is the "
			    "CRM's field of consent mapped?)");
}

static void
check_law(const struct consents *c)
{
	if (c->n.by_law > 0)
		c->warn(c->arg, "policy", arena_printf(c->cli->arena, "%lld "
		    "card%s of countries whose law asks for consent are never "
		    "asked: no card says yes or no (is the CRM's field of consent "
		    "mapped?)", c->n.by_law, c->n.by_law == 1 ? "" : "s"));
}

/* "Tyskland" is no country to a rule. */
static void
check_codes(const struct consents *c)
{
	if (c->n.no_code > 0)
		c->warn(c->arg, "policy", arena_printf(c->cli->arena, "%lld card%s "
		    "no ISO code as country (\"%s\"): for every rule the country "
		    "is unknown; let the CRM's export give codes such as DE",
		    c->n.no_code, c->n.no_code == 1 ? " has" : "s have",
		    c->n.country));
}

/* Rules that ask for consent, where no card can have given it.  Before the CRM
 * was read once nothing is known. */
static void
check_consent(struct cli *cli, cli_warn_fn *warn, void *arg)
{
	struct consents c = { .cli = cli, .warn = warn, .arg = arg };
	const struct conf *conf = cli->conf;
	struct err err;

	if (cli->db == NULL || !contact_count_consent(cli->db, cli->tenant.id,
	        &conf->policy.countries, cli->arena, &c.n, &err) ||
	    c.n.cards == 0)
		return;
	check_codes(&c);
	if (c.n.said == 0) {
		check_triggers(&c);
		check_law(&c);
	} else if (c.n.dated == 0 && conf->consent.max_age_days > 0) {
		warn(arg, "consent.max_age_days", "no consent counts: no card has "
		    "the date of its consent (is the CRM's field mapped?)");
	}
}

void
cli_doubts_check(struct cli *cli, cli_warn_fn *warn, void *arg)
{
	doubts_find(cli->conf, cli->arena, warn, arg);
	check_consent(cli, warn, arg);
}
