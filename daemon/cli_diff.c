#include "cli_diff.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conf_diff.h"
#include "night.h"
#include "preview.h"
#include "stage_decide.h"

#define SHOWN_MAX ((size_t)20)	/* rows of a group, for people */
#define DUMP_MAX ((size_t)4 << 20)

/* The queue as one configuration sees it. */
struct place {
	long long id;
	int row;
};
struct view {
	const struct conf *conf;
	struct db_result *rows;
	size_t n;
	struct place *order;	/* by the id */
	int night;
	time_t send_at;
};
enum group { GROUP_MORE, GROUP_FEWER, GROUP_OTHER, GROUP_SAME, GROUPS };
/* A row, in one view or in both; -1 = not in it. */
struct pair {
	int was, is;
	enum group group;
};
struct diff {
	struct cli *cli;
	struct view a, b;
	struct pair *pairs;
	size_t n, count[GROUPS];
};

/* ---- the two views ----------------------------------------------------- */
static int
by_id(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

static bool
look(struct diff *d, struct view *v, const struct conf *conf, struct err *err)
{
	time_t moment;

	v->conf = conf;
	v->night = night_next_transfer(conf, clock_now(), &moment);
	v->send_at = calendar_send_at(&conf->calendar, v->night);
	const struct rules_night at = { .tenant_id = d->cli->tenant.id,
		.secret = d->cli->tenant.secret,
		.night = v->night, .moment = moment };
	if (!decide_preview(d->cli->db, conf, &at, d->cli->arena, &v->rows, err))
		return false;
	v->n = (size_t)db_rows(v->rows);
	v->order = arena_array(d->cli->arena, v->n + 1, sizeof(*v->order));
	if (v->order == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < v->n; i++)
		v->order[i] = (struct place){ db_int(v->rows, (int)i,
		    PREVIEW_ID), (int)i };
	qsort(v->order, v->n, sizeof(*v->order), by_id);
	return true;
}

/* What is not ripe yet is in no view. */
static const char *
verdict(const struct view *v, int row)
{
	return row < 0 ? "wait" : db_text(v->rows, row, PREVIEW_VERDICT);
}

static const char *
at(const struct view *v, int row, int column)
{
	return row < 0 ? NULL : db_text(v->rows, row, column);
}

static const char *
campaign(const struct view *v, int row)
{
	const char *name = at(v, row, PREVIEW_CAMPAIGN);

	return name == NULL ? "none" : name;
}

/* Of a row that is in both views. */
static bool
is_asked_otherwise(const struct diff *d, int was, int is)
{
	return was >= 0 && is >= 0 &&
	    strcmp(campaign(&d->a, was), campaign(&d->b, is)) != 0;
}

static void
add(struct diff *d, int was, int is)
{
	const char *old = verdict(&d->a, was), *new = verdict(&d->b, is);
	const bool went = strcmp(old, "go") == 0, goes = strcmp(new, "go") == 0;
	struct pair *p = &d->pairs[d->n++];

	*p = (struct pair){ was, is, GROUP_OTHER };
	if (goes != went)
		p->group = goes ? GROUP_MORE : GROUP_FEWER;
	else if (strcmp(old, new) == 0 && !is_asked_otherwise(d, was, is))
		p->group = GROUP_SAME;
	d->count[p->group]++;
}

static long long
id_at(const struct view *v, size_t i)
{
	return i < v->n ? v->order[i].id : INT64_MAX;
}

static bool
match(struct diff *d, struct err *err)
{
	size_t i = 0, k = 0;

	d->pairs = arena_array(d->cli->arena, d->a.n + d->b.n + 1,
	    sizeof(*d->pairs));
	if (d->pairs == NULL)
		return err_nomem(err);
	while (i < d->a.n || k < d->b.n) {
		const long long a = id_at(&d->a, i), b = id_at(&d->b, k);
		add(d, a <= b ? d->a.order[i].row : -1,
		    b <= a ? d->b.order[k].row : -1);
		i += a <= b;
		k += b <= a;
	}
	return true;
}

/* ---- settings ---------------------------------------------------------- */
struct settings {
	size_t n;
	bool at_intake;
};

/* These say how the CRM is read: its rows show them after the next reading. */
static bool
acts_at_intake(const char *key)
{
	static const char *const heads[] = { "crm.", "identity.",
		"rules.no_send_tag", "watermark." };

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (strncmp(key, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

static const char *
shown(const char *value)
{
	return value == NULL ? "(not there)" : *value == '\0' ? "(empty)" : value;
}

static void
say_setting(void *arg, const char *key, const char *was, const char *is)
{
	struct settings *s = arg;

	if (s->n++ == 0)
		(void)printf("settings that differ:\n");
	s->at_intake |= acts_at_intake(key);
	(void)printf("  %s: %s -> %s\n", key, shown(was), shown(is));
}

static bool
say_settings(struct diff *d, struct err *err)
{
	AUTO(buf) struct buf was, is;
	struct settings s = { 0 };

	buf_init(&was, DUMP_MAX);
	buf_init(&is, DUMP_MAX);
	conf_dump(d->a.conf, &was);
	conf_dump(d->b.conf, &is);
	if (was.failed || is.failed || !conf_diff(buf_text(&was), buf_text(&is),
	        d->cli->arena, say_setting, &s))
		return err_nomem(err);
	if (s.n == 0)
		(void)printf("no setting differs\n");
	if (s.at_intake)
		(void)printf("what says how the CRM is read shows below only after it "
		    "was read anew\n");
	return true;
}

/* ---- rows -------------------------------------------------------------- */
static const char *
words(const struct diff *d, const struct view *v, int row)
{
	return row < 0 ? "not ripe yet" : preview_words(d->cli->arena,
	    v->conf->timezone, db_text(v->rows, row, PREVIEW_VERDICT),
	    db_text(v->rows, row, PREVIEW_FACT),
	    db_time(v->rows, row, PREVIEW_UNTIL), v->send_at);
}

static const char *
cell(const struct diff *d, const struct pair *p, int column)
{
	return p->is >= 0 ? db_text(d->b.rows, p->is, column)
	                  : db_text(d->a.rows, p->was, column);
}

static void
say_row(const struct diff *d, const struct pair *p)
{
	const char *name = cell(d, p, PREVIEW_NAME);
	const char *company = cell(d, p, PREVIEW_COMPANY);

	(void)printf("  row %s  %s  %s%s%s: %s; now: %s",
	    cell(d, p, PREVIEW_ID), cell(d, p, PREVIEW_TRIGGER),
	    name != NULL ? name : cell(d, p, PREVIEW_CONTACT),
	    company != NULL ? ", " : "", company != NULL ? company : "",
	    words(d, &d->b, p->is), words(d, &d->a, p->was));
	if (is_asked_otherwise(d, p->was, p->is))
		(void)printf("; campaign %s -> %s", campaign(&d->a, p->was),
		    campaign(&d->b, p->is));
	(void)printf("\n");
}

static void
say_group(const struct diff *d, enum group group)
{
	static const char *const heads[GROUPS] = {
		[GROUP_MORE] = "more would go",
		[GROUP_FEWER] = "would no longer go",
		[GROUP_OTHER] = "would come otherwise",
		[GROUP_SAME] = "as before" };
	const size_t n = d->count[group];
	size_t said = 0;

	if (n == 0)
		return;
	(void)printf("%zu row%s %s%s\n", n, n == 1 ? "" : "s", heads[group],
	    group == GROUP_SAME ? "" : ":");
	for (size_t i = 0; i < d->n && group != GROUP_SAME; i++)
		if (d->pairs[i].group == group && said++ < SHOWN_MAX)
			say_row(d, &d->pairs[i]);
	if (said > SHOWN_MAX)
		(void)printf("  and %zu more (--csv shows all)\n",
		    said - SHOWN_MAX);
}

static bool
say_text(struct diff *d, struct err *err)
{
	const char *zone = d->a.conf->timezone;

	if (!say_settings(d, err))
		return false;
	if (d->a.send_at != d->b.send_at)
		(void)printf("the next mails leave %s, not %s\n",
		    cli_when(d->cli->arena, d->b.conf->timezone, d->b.send_at),
		    cli_when(d->cli->arena, zone, d->a.send_at));
	if (!d->b.conf->enabled)
		(void)printf("the file switches the tenant off: nothing is run\n");
	(void)printf("the queue, with mails on %s:\n",
	    cli_when(d->cli->arena, d->b.conf->timezone, d->b.send_at));
	for (int g = 0; g < GROUPS; g++)
		say_group(d, (enum group)g);
	if (d->n == 0)
		(void)printf("no row is open\n");
	return true;
}

/* For programs: the rows that would come otherwise. */
static bool
say_table(struct diff *d, struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "trigger", false, 0 }, { "contact", false, 28 },
		{ "company", false, 28 }, { "was", false, 0 }, { "is", false, 0 },
		{ "fact", false, 0 }, { "campaign_was", false, 0 },
		{ "campaign_is", false, 0 } };
	struct table *t = table_open(stdout, d->cli->format, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < d->n; i++) {
		const struct pair *p = &d->pairs[i];
		const char *cells[] = { cell(d, p, PREVIEW_ID),
			cell(d, p, PREVIEW_TRIGGER), cell(d, p, PREVIEW_CONTACT),
			cell(d, p, PREVIEW_COMPANY), verdict(&d->a, p->was),
			verdict(&d->b, p->is), at(&d->b, p->is, PREVIEW_FACT),
			at(&d->a, p->was, PREVIEW_CAMPAIGN),
			at(&d->b, p->is, PREVIEW_CAMPAIGN) };
		if (p->group != GROUP_SAME)
			table_row(t, cells);
	}
	return table_close(t, err);
}

static bool
diff(struct diff *d, const struct conf *edited, struct err *err)
{
	if (!look(d, &d->a, d->cli->conf, err) || !look(d, &d->b, edited, err) ||
	    !match(d, err))
		return false;
	return d->cli->format == TABLE_TEXT ? say_text(d, err)
	                                    : say_table(d, err);
}

/* Of several tenants the one that the file is of. */
static bool
choose(struct cli *cli, const char *tenant, struct err *err)
{
	if (!cli_load(cli, false, err))
		return false;
	for (size_t i = 0; i < cli->n_known && cli->tenant_wanted == NULL; i++)
		if (strcmp(cli->known[i], tenant) == 0)
			cli->tenant_wanted = tenant;
	if (cli->tenant_wanted == NULL ||
	    strcmp(cli->tenant_wanted, cli->conf->tenant) == 0)
		return true;
	cli->conf = NULL;
	cli->n_known = 0;
	return cli_load(cli, false, err);
}

int
cli_diff(struct cli *cli, const char *file, struct err *err)
{
	struct diff d = { .cli = cli };
	struct conf *edited = NULL;

	/* Without secrets: their references are what could differ. */
	if (!conf_load(file, cli->arena, &edited, err) ||
	    !choose(cli, edited->tenant, err))
		return err_exit_code(err->kind);
	if (strcmp(edited->tenant, cli->conf->tenant) != 0) {
		err_set(err, ERR_USAGE, "--diff: %s is of the tenant \"%s\", not "
		    "\"%s\" (--tenant chooses another)", file, edited->tenant,
		    cli->conf->tenant);
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool ok = diff(&d, edited, err);
	db_result_free(d.a.rows);
	db_result_free(d.b.rows);
	return ok ? 0 : err_exit_code(err->kind);
}
