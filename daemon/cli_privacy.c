/*
 * cli_privacy.c - npsync erase, export-subject.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "cli_queue.h"
#include "clock.h"
#include "erasure.h"
#include "json.h"
#include "night.h"

static const struct cli_opt erase_opts[] = {
	{ "contact", "CRM/ID", "the person of this card, instead of an address" },
	{ "reason", "TEXT", "why; kept, so it should name nobody" },
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};
static const struct cli_opt export_opts[] = {
	{ "contact", "CRM/ID", "the person of this card, instead of an address" },
	{ "output", "FILE", "a new file that only its owner may read" },
	{ NULL, NULL, NULL }
};

/* ---- who is meant ------------------------------------------------------------ */
static bool
is_crm(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->conf->n_crm; i++)
		if (strcmp(cli->conf->crm[i].name, name) == 0)
			return true;
	return false;
}

static bool
given_card(struct cli *cli, const char *card, struct subject_given *g,
    struct err *err)
{
	const char *slash = strchr(card, '/');

	g->connector = slash == NULL ? NULL
	    : arena_strndup(cli->arena, card, (size_t)(slash - card));
	if (g->connector == NULL || slash[1] == '\0' ||
	    !is_crm(cli, g->connector))
		return err_set(err, ERR_USAGE, "--contact: expected CRM/ID, with "
		    "CRM as in the configuration, like %s/9001",
		    cli->conf->n_crm > 0 ? cli->conf->crm[0].name : "crm");
	g->contact_id = slash + 1;
	return true;
}

static bool
given(struct cli *cli, struct subject_given *g, struct err *err)
{
	const char *card = cli_given(cli, "contact");

	*g = (struct subject_given){ .address = NULL };
	if ((card != NULL ? 1 : 0) + cli->n_args != 1)
		return err_set(err, ERR_USAGE, "npsync %s: expected an address, or "
		    "--contact CRM/ID", cli->command->name);
	if (card != NULL)
		return given_card(cli, card, g, err);
	g->address = cli->args[0];
	return true;
}

/* ---- erase -------------------------------------------------------------------- */
struct erase {
	struct cli *cli;
	struct subject subject;
	struct erasure_known known;
	struct db_result *counts;
	long long total;
	bool no_keys;
};

static bool
look(struct erase *e, const struct subject_given *g, struct err *err)
{
	struct cli *cli = e->cli;

	if (!subject_find(cli->db, &cli->tenant, g, cli->arena, &e->subject,
	        err) ||
	    !erasure_find(cli->db, &e->subject, cli->arena, &e->known, err) ||
	    !subject_count(cli->db, &e->subject, cli->arena, &e->counts, err))
		return false;
	for (int i = 0; i < db_rows(e->counts); i++)
		e->total += db_int(e->counts, i, 1);
	if (g->connector != NULL && e->total == 0 && e->known.id == 0)
		return err_set(err, ERR_GONE, "nothing is known of a card of that "
		    "id; nothing was changed");
	return true;
}

static bool
is_over(const struct erase *e)
{
	return e->total == 0 && e->known.id != 0 &&
	    e->known.completed_at != NO_TIME;
}

static void
say_before(const struct erase *e, FILE *out)
{
	struct cli *cli = e->cli;

	if (e->total > 0)
		(void)fprintf(out, "to be erased here, of %zu card%s:\n",
		    e->subject.n_cards, e->subject.n_cards == 1 ? "" : "s");
	else
		(void)fprintf(out, "nothing here is known of this person\n");
	for (int i = 0; i < db_rows(e->counts); i++)
		if (db_int(e->counts, i, 1) > 0)
			(void)fprintf(out, "  %-20s %lld\n",
			    db_text(e->counts, i, 0), db_int(e->counts, i, 1));
	if (e->known.open > 0)
		(void)fprintf(out, "erasure %lld of %s has %lld open step%s\n",
		    e->known.id, cli_when(cli->arena, cli->conf->timezone,
		        e->known.requested_at), e->known.open,
		    e->known.open == 1 ? "" : "s");
	if (e->subject.n_sharing > 0)
		(void)fprintf(out, "%lld card%s of others carr%s the same mobile "
		    "number: not erased, and at the\nsurvey service nobody is "
		    "deleted by that number\n", e->subject.n_sharing,
		    e->subject.n_sharing == 1 ? "" : "s",
		    e->subject.n_sharing == 1 ? "ies" : "y");
	(void)fprintf(out, "and at others: the tags in the CRM, the respondent at "
	    "the survey service\nwith every survey and answer. The person is "
	    "never asked again.\n");
}

static bool
receipt_lines(struct cli *cli, const struct db_result *head,
    const struct db_result *lines, const char *id, struct err *err)
{
	static const struct table_column columns[] = { { "erasure", true, 0 },
		{ "requested", false, 0 }, { "actor", false, 0 },
		{ "completed", false, 0 }, { "state", false, 0 },
		{ "place", false, 0 }, { "n", true, 0 }, { "note", false, 0 } };
	const size_t skip = cli->format == TABLE_TEXT ? 4 : 0;
	const char *zone = cli->conf->timezone;
	struct table *t = table_open(stdout, cli->format, columns + skip,
	    ARRAY_LEN(columns) - skip);

	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(lines); i++) {
		const char *cells[] = { id,
			cli_when(cli->arena, zone, db_time(head, 0, 0)),
			db_text(head, 0, 1),
			cli_when(cli->arena, zone, db_time(head, 0, 2)),
			db_text(lines, i, 0), db_text(lines, i, 1),
			db_text(lines, i, 2), db_text(lines, i, 3) };
		table_row(t, cells + skip);
	}
	return table_close(t, err);
}

/* Names nobody: it may be filed.  *complete = no step is open. */
static bool
receipt(struct cli *cli, long long id, bool *complete, struct err *err)
{
	AUTO(db_result) struct db_result *head = NULL;
	AUTO(db_result) struct db_result *lines = NULL;
	const char *zone = cli->conf->timezone;

	if (!erasure_read(cli->db, cli->tenant.id, id, cli->arena, &head, err) ||
	    !erasure_lines(cli->db, cli->tenant.id, id, cli->arena, &lines, err))
		return false;
	if (db_rows(head) != 1)
		return err_set(err, ERR_BUG, "erasure %lld is not there", id);
	*complete = db_time(head, 0, 2) != NO_TIME;
	if (cli->format == TABLE_TEXT)
		(void)printf("erasure %lld, %s, by %s: %s\n", id,
		    cli_when(cli->arena, zone, db_time(head, 0, 0)),
		    db_text(head, 0, 1), *complete ? "complete"
		        : "not complete, each night tries what is open");
	return receipt_lines(cli, head, lines,
	    arena_printf(cli->arena, "%lld", id), err);
}

static bool
agreed(const struct erase *e)
{
	const bool yes = cli_given(e->cli, "yes") != NULL;
	FILE *out = e->cli->format == TABLE_TEXT ? stdout : stderr;

	say_before(e, out);
	if (yes || cli_confirm("erase this person?"))
		return true;
	(void)fprintf(out, "nothing was erased (--yes does it)\n");
	return false;
}

static int
erase_person(struct erase *e, struct err *err)
{
	struct cli *cli = e->cli;
	const struct run_options options = { .kind = RUN_MANUAL, .only = RUN_ALL,
		.actor = cli->actor, .cancelled = cli_cancelled };
	const struct night_erasure erasure = { .subject = &e->subject,
		.reason = cli_given(cli, "reason"), .here_only = e->no_keys };
	long long id = e->known.id;
	bool complete = false;

	if (is_over(e)) {
		if (cli->format == TABLE_TEXT)
			(void)printf("nothing is left of this person\n");
	} else if (!agreed(e)) {
		return 1;
	} else if (!night_erase(cli->db, cli->conf, &cli->tenant, cli->lock_dir,
	    &options, &erasure, &id, err)) {
		return err_exit_code(err->kind);
	}
	if (!receipt(cli, id, &complete, err))
		return err_exit_code(err->kind);
	return complete ? 0 : 1;
}

static int
erase(struct cli *cli, struct err *err)
{
	struct erase e = { .cli = cli };
	struct err keys = { .kind = ERR_NONE };
	struct subject_given g;

	if (!cli_load(cli, false, err) || !given(cli, &g, err))
		return err_exit_code(err->kind);
	/* Who may exclude may erase; others' keys need not be theirs. */
	if (!cli_load(cli, true, &keys)) {
		e.no_keys = true;
		(void)fprintf(stderr, "npsync: %s; the coming night erases at "
		    "others\n", keys.msg);
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	subject_init(&e.subject);
	const int code = look(&e, &g, err) ? erase_person(&e, err)
	                                   : err_exit_code(err->kind);
	db_result_free(e.counts);
	subject_free(&e.subject);
	return code;
}

bool
cli_say_erased(struct cli *cli, const char *address)
{
	const struct subject_given g = { .address = address };
	struct erasure_known known = { .id = 0 };
	struct err err = { .kind = ERR_NONE };
	struct subject s;

	if (cli->format != TABLE_TEXT || strchr(address, '@') == NULL)
		return false;
	subject_init(&s);
	const bool ok = subject_find(cli->db, &cli->tenant, &g, cli->arena, &s,
	        &err) &&
	    erasure_find(cli->db, &s, cli->arena, &known, &err);
	subject_free(&s);
	if (!ok || known.id == 0)
		return false;
	(void)printf("opted_out: erased %s (erasure %lld)\n", cli_when(cli->arena,
	    cli->conf->timezone, known.requested_at), known.id);
	return true;
}

/* ---- export-subject -------------------------------------------------------------- */
struct document {
	FILE *out;
	const char *section;	/* that is being written */
	size_t n, records;
};

static bool
write_record(void *arg, const char *section, const char *json,
    struct err *err)
{
	struct document *d = arg;
	const bool same = d->section != NULL && strcmp(d->section, section) == 0;

	(void)err;
	if (!same) {
		(void)fprintf(d->out, "%s,\n \"%s\": [", d->n > 0 ? "\n ]"
		    : d->section != NULL ? "]" : "", section);
		d->section = section;
		d->n = 0;
	}
	if (json == NULL)
		return true;
	(void)fprintf(d->out, "%s\n  %s", d->n > 0 ? "," : "", json);
	d->n++;
	d->records++;
	return true;
}

static const char *
head_json(struct cli *cli, const struct subject_given *g)
{
	char now[32];
	json_t *head = json_pack("{s:s, s:s, s:s, s:s, s:{s:s*, s:s*, s:s*}}",
	    "npsync", NPSYNC_VERSION, "tenant", cli->tenant.name, "exported_at",
	    clock_iso(now, clock_now()), "exported_by", cli->actor, "subject",
	    "address", g->address, "crm", g->connector, "contact",
	    g->contact_id);
	const char *text = head == NULL ? NULL : json_dump(cli->arena, head);

	json_decref(head);
	return text;
}

static bool
write_document(struct cli *cli, const struct subject_given *g,
    struct subject *s, struct document *d, struct err *err)
{
	const char *head = head_json(cli, g);

	if (head == NULL)
		return err_nomem(err);
	/* Without its last brace: the sections follow. */
	(void)fprintf(d->out, "%.*s", (int)strlen(head) - 1, head);
	if (!subject_export(cli->db, s, write_record, d, cli->arena, err))
		return false;
	(void)fprintf(d->out, "%s]\n}\n", d->n > 0 ? "\n " : "");
	return (fflush(d->out) == 0 && ferror(d->out) == 0) ||
	    err_errno(err, ERR_SYSTEM, "the document was not written");
}

static bool
export_to(struct cli *cli, const struct subject_given *g, FILE *out,
    struct err *err)
{
	struct document d = { .out = out };
	struct subject s;

	subject_init(&s);
	const bool ok = subject_find(cli->db, &cli->tenant, g, cli->arena, &s,
	        err) &&
	    audit_put(cli->db, cli->tenant.id, cli->actor, "export-subject",
	        g->address != NULL ? "by address" : "by card", NULL, cli->arena,
	        err) &&
	    write_document(cli, g, &s, &d, err);
	subject_free(&s);
	return ok && (d.records > 0 || err_set(err, ERR_GONE,
	    "nothing is known of this person: the document is empty"));
}

/* Opened by whoever called, before root is given up; never what is there. */
static bool
open_output(const char *path, FILE **out, struct err *err)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return err_errno(err, errno == EACCES || errno == EPERM
		    ? ERR_PERMISSION : ERR_USAGE, "%s: cannot be made", path);
	*out = fdopen(fd, "w");
	if (*out != NULL)
		return true;
	(void)close(fd);
	return err_nomem(err);
}

/* A part of a document is none. */
static bool
close_output(FILE *file, const char *path, bool ok, struct err *err)
{
	if (!ok && err->kind != ERR_GONE) {
		rewind(file);
		if (ftruncate(fileno(file), 0) != 0)
			(void)err_wrap(err, "%s is not complete", path);
	}
	if (fclose(file) != 0 && ok)
		return err_errno(err, ERR_SYSTEM, "%s: write", path);
	return ok;
}

static int
export_subject(struct cli *cli, struct err *err)
{
	const char *path = cli_given(cli, "output");
	struct subject_given g;
	FILE *file = NULL;

	if (!cli_load(cli, false, err) || !given(cli, &g, err) ||
	    (path != NULL && !open_output(path, &file, err)))
		return err_exit_code(err->kind);
	bool ok = cli_open(cli, false, err) &&
	    export_to(cli, &g, file != NULL ? file : stdout, err);
	if (file != NULL)
		ok = close_output(file, path, ok, err);
	return ok ? 0 : err_exit_code(err->kind);
}

const struct cli_command cli_privacy_commands[] = {
	{ "erase", "ADDRESS | --contact CRM/ID", "Erase a person, here and at others",
	    erase_opts, erase,
	    "Shows what would go, asks, then takes every record of the person out,\n"
	    "their tags in the CRM and the respondent at the survey service. What\n"
	    "others refuse is tried again each night. A keyed hash stays, so that\n"
	    "the person is known, and not asked, when the CRM names them again.", 1 },
	{ "export-subject", "ADDRESS | --contact CRM/ID",
	    "Everything npsync holds about a person", export_opts, export_subject,
	    "One JSON document, to standard output or a new file.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
