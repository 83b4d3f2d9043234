#include "cli_lists.h"

#include <string.h>
#include <strings.h>

#include "contact.h"
#include "nearest.h"

#define SUGGESTIONS ((size_t)3)

/* A mistyped kind would look like an empty CRM. */
static const char *const kinds[] = { "category", "relation", "language",
	"country", "segment", "department", "owner", "tag" };

static bool
kind_known(const struct cli *cli, struct err *err)
{
	for (size_t i = 0; cli->n_args > 0 && i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i], cli->args[0]) == 0)
			return true;
	return cli->n_args == 0 || err_set(err, ERR_USAGE, "npsync lists: "
	    "expected one of category, relation, language, country, segment, "
	    "department, owner, tag; got \"%s\"", cli->args[0]);
}

const char *
cli_nearest(struct arena *arena, const char *wanted, const char *const *names,
    const char *const *beside, size_t n)
{
	size_t best[SUGGESTIONS];
	const size_t found = nearest_find(wanted, names, n, best, SUGGESTIONS);
	const char *text = found > 0 ? "; nearest: " : "";

	for (size_t i = 0; i < found && text != NULL; i++) {
		const char *more = beside == NULL ? NULL : beside[best[i]];
		text = arena_printf(arena, "%s%s\"%s\"%s%s%s", text,
		    i > 0 ? ", " : "", names[best[i]], more != NULL ? " (" : "",
		    more != NULL ? more : "", more != NULL ? ")" : "");
	}
	return text == NULL ? "" : text;
}

/* ---- names that nobody knows ------------------------------------------- */
/* What was met of one kind, the most frequent first. */
struct met {
	const char **names, **counts;
	size_t n;
};
struct lookup {
	struct cli *cli;
	const struct db_result *values;	/* kind, value, n; by kind */
	const char **names, **counts;	/* its columns */
	cli_warn_fn *warn;
	void *arg;
};

/* Once for all names that are looked up. */
static bool
gather(struct lookup *l, struct err *err)
{
	const size_t n = (size_t)db_rows(l->values);

	l->names = arena_array(l->cli->arena, n + 1, sizeof(*l->names));
	l->counts = arena_array(l->cli->arena, n + 1, sizeof(*l->counts));
	if (l->names == NULL || l->counts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		l->names[i] = db_text(l->values, (int)i, 1);
		l->counts[i] = db_text(l->values, (int)i, 2);
	}
	return true;
}

static bool
is_kind(const struct lookup *l, size_t row, const char *kind)
{
	return strcmp(db_text(l->values, (int)row, 0), kind) == 0;
}

static struct met
met_of(const struct lookup *l, const char *kind)
{
	const size_t n = (size_t)db_rows(l->values);
	size_t from = 0, to;

	while (from < n && !is_kind(l, from, kind))
		from++;
	for (to = from; to < n && is_kind(l, to, kind);)
		to++;
	return (struct met){ l->names + from, l->counts + from, to - from };
}

/* As decide compares them: a language also by its first part. */
static bool
is_same(const char *kind, const char *wanted, const char *name)
{
	if (strcmp(kind, "country") == 0)
		return strcasecmp(wanted, name) == 0;
	if (strcmp(kind, "language") == 0)
		return conf_language_fits(wanted, name);
	return strcmp(wanted, name) == 0;
}

/* NULL = no memory. */
static const char *
what_instead(const struct lookup *l, const char *kind, const char *wanted,
    const struct met *met)
{
	struct arena *arena = l->cli->arena;

	if (met->n == 0)
		return "; no card has one at all: name the CRM's field of it";
	const char *near = cli_nearest(arena, wanted, met->names, met->counts,
	    met->n);
	return *near != '\0' ? near
	    : arena_printf(arena, "; see `npsync lists %s`", kind);
}

static void
look_up(const struct lookup *l, const char *where, const char *kind,
    const char *wanted)
{
	const bool of_events = strcmp(kind, "category") == 0;

	if (wanted == NULL)
		return;
	const struct met met = met_of(l, kind);
	/* Before the first event nothing can be said of categories. */
	if (of_events && met.n == 0)
		return;
	for (size_t i = 0; i < met.n; i++)
		if (is_same(kind, wanted, met.names[i]))
			return;
	const char *advice = what_instead(l, kind, wanted, &met);
	const char *text = advice == NULL ? NULL : arena_printf(l->cli->arena,
	    "%s \"%s\" %s%s", kind, wanted, of_events
	    ? "was met in no event yet" : "is not known to the CRM", advice);
	if (where != NULL && text != NULL)
		l->warn(l->arg, where, text);
}

static void
look_up_list(const struct lookup *l, const char *where, const char *kind,
    const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		look_up(l, where, kind, list->v[i]);
}

static void
look_up_trigger(const struct lookup *l, const struct conf_trigger *t)
{
	struct arena *a = l->cli->arena;
	const char *where = arena_printf(a, "trigger.%s.campaign", t->code);

	look_up_list(l, arena_printf(a, "trigger.%s.categories", t->code),
	    "category", &t->categories);
	look_up_list(l, arena_printf(a, "trigger.%s.relations", t->code),
	    "relation", &t->relations);
	for (size_t i = 0; i < t->n_campaigns; i++) {
		const struct conf_campaign *c = &t->campaigns[i];
		look_up(l, where, "language", c->language);
		look_up(l, where, "country", c->country);
		look_up(l, where, "relation", c->relation);
		look_up(l, where, "category", c->category);
		look_up(l, where, "department", c->department);
		look_up(l, where, "segment", c->segment);
	}
}

/* Nothing is known before the CRM was read once. */
static bool
look_up_all(struct lookup *l, struct err *err)
{
	const struct conf *conf = l->cli->conf;

	if (db_rows(l->values) == 0)
		return true;
	if (!gather(l, err))
		return false;
	for (size_t i = 0; i < conf->n_triggers; i++)
		if (conf->triggers[i].enabled)
			look_up_trigger(l, &conf->triggers[i]);
	return arena_failed(l->cli->arena) ? err_nomem(err) : true;
}

bool
cli_lists_check(struct cli *cli, cli_warn_fn *warn, void *arg, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct lookup l = { .cli = cli, .warn = warn, .arg = arg };

	if (cli->db == NULL)
		return true;
	if (!contact_list_values(cli->db, cli->tenant.id, cli->arena, &r, err))
		return false;
	l.values = r;
	return look_up_all(&l, err);
}

/* ---- npsync lists ------------------------------------------------------ */
static void
say_unknown(void *arg, const char *what, const char *detail)
{
	(void)arg;
	(void)printf("%s: %s\n", what, detail);
}

static bool
show(struct cli *cli, const struct db_result *r, struct err *err)
{
	static const struct table_column columns[] = { { "kind", false, 0 },
		{ "value", false, 60 }, { "n", true, 0 } };
	struct table *t = table_open(stdout, cli->format, columns, 3);

	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2) };
		if (cli->n_args == 0 || strcmp(cli->args[0], cells[0]) == 0)
			table_row(t, cells);
	}
	return table_close(t, err);
}

int
cli_lists(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!kind_known(cli, err) || !cli_open(cli, false, err) ||
	    !contact_list_values(cli->db, cli->tenant.id, cli->arena, &r, err) ||
	    !show(cli, r, err))
		return err_exit_code(err->kind);
	struct lookup l = { .cli = cli, .values = r, .warn = say_unknown };
	if (cli->format == TABLE_TEXT && cli->n_args == 0 &&
	    !look_up_all(&l, err))
		return err_exit_code(err->kind);
	return 0;
}
