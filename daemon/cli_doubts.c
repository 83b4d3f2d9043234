#include "cli_doubts.h"

#include <string.h>

#include "cli_lists.h"
#include "contact_consent.h"
#include "contact_pilot.h"
#include "doubts.h"
#include "event_unmet.h"

struct doubtful {
	struct cli *cli;
	struct contact_consent n;
	cli_warn_fn *warn;
	void *arg;
};

static void
check_triggers(const struct doubtful *c)
{
	const struct conf *conf = c->cli->conf;

	for (size_t i = 0; i < conf->n_triggers; i++)
		if (conf->triggers[i].enabled && conf->triggers[i].require_consent)
			c->warn(c->arg, arena_printf(c->cli->arena,
			    "trigger.%s.require_consent", conf->triggers[i].code),
			    "nobody is ever asked: no card says yes or no; name the "
			    "CRM's field of consent, or set it to false");
}

static void
check_law(const struct doubtful *c)
{
	if (c->n.by_law > 0)
		c->warn(c->arg, "policy", arena_printf(c->cli->arena, "%lld "
		    "card%s of countries whose law asks for consent %s never "
		    "asked: no card says yes or no; name the CRM's field of "
		    "consent, or change the policy", c->n.by_law,
		    c->n.by_law == 1 ? "" : "s", c->n.by_law == 1 ? "is" : "are"));
}

/* "Tyskland" is no country to a rule. */
static void
check_codes(const struct doubtful *c)
{
	if (c->n.no_code > 0)
		c->warn(c->arg, "policy", arena_printf(c->cli->arena, "%lld card%s "
		    "no ISO code as country (\"%s\"): for every rule the country "
		    "is unknown; let the CRM's export give codes such as DE",
		    c->n.no_code, c->n.no_code == 1 ? " has" : "s have",
		    c->n.country));
}

/* Rules that ask for consent, where no card can have given it. */
static void
check_consent(const struct doubtful *c)
{
	check_codes(c);
	if (c->n.said == 0) {
		check_triggers(c);
		check_law(c);
	} else if (c->n.dated == 0 && c->cli->conf->consent.max_age_days > 0) {
		c->warn(c->arg, "consent.max_age_days", "no consent counts: no card has "
		    "the date of its consent; name the CRM's field of that date, "
		    "or take the key out");
	}
}

/* A trial of people that nobody knows. */
static bool
check_pilot(const struct doubtful *c, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct cli *cli = c->cli;

	if (!contact_find_unmet(cli->db, cli->tenant.id, cli->tenant.secret,
	        cli->conf, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *list = db_text(r, i, 0), *name = db_text(r, i, 1);
		c->warn(c->arg, arena_printf(cli->arena, "pilot.%s", list),
		    strcmp(list, "addresses") == 0
		    ? arena_printf(cli->arena, "number %s is never asked: no card "
		        "has it; name one that a card has", name)
		    : arena_printf(cli->arena, "\"%s\" is never asked: no card has "
		        "it; name one that a card has", name));
	}
	return true;
}

/* What is said of a code that no event has; a mistyped one is like another. */
static const char *
why_unmet(struct cli *cli, const char *code)
{
	static const char *const codes[] = { "sale", "loss", "case", "meet" };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(codes[i], code) == 0)
			return "no such event came in yet: name the CRM's table of "
			    "them, or take the trigger out";
	const char *near = cli_nearest(cli->arena, code, codes, NULL, ARRAY_LEN(codes));
	return arena_printf(cli->arena, "no event of that code came in yet%s",
	    *near != '\0' ? near : "; name one that the CRM's connector gives, or "
	    "take the trigger out");
}

/* A connector may know other codes than the usual ones. */
static bool
check_events(const struct doubtful *c, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct cli *cli = c->cli;

	if (!event_find_unmet(cli->db, cli->tenant.id, cli->conf, cli->arena, &r,
	        err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *code = db_text(r, i, 0);
		c->warn(c->arg, arena_printf(cli->arena, "trigger.%s", code),
		    why_unmet(cli, code));
	}
	return true;
}

/* Before the CRM was read once nothing is known of its cards. */
bool
cli_doubts_check(struct cli *cli, cli_warn_fn *warn, void *arg,
    struct err *err)
{
	struct doubtful c = { .cli = cli, .warn = warn, .arg = arg };

	doubts_find(cli->conf, cli->arena, warn, arg);
	if (cli->db == NULL)
		return true;
	if (!contact_count_consent(cli->db, cli->tenant.id,
	        &cli->conf->policy.countries, cli->arena, &c.n, err))
		return false;
	if (c.n.cards == 0)
		return true;
	check_consent(&c);
	return check_pilot(&c, err) && check_events(&c, err);
}
