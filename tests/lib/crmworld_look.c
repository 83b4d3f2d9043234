#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "books.h"
#include "crmworld_int.h"
#include "effect.h"
#include "textfile.h"

#define LOW 6			/* writeback.task, alarm.rules */

static struct crmworld *const w = &crmworld;

DB_STMT(cw_effects,
    "SELECT kind, target, subject, state, extract(epoch FROM updated_at)::bigint,"
    "       coalesce(reason, '')"
    "  FROM npsync.effect WHERE tenant_id = $1");
DB_STMT(cw_rows,
    "SELECT contact_id, state, coalesce(reason, '') FROM npsync.queue WHERE tenant_id = $1");
DB_STMT(cw_open,
    "SELECT (SELECT count(*) FROM npsync.queue WHERE tenant_id = $1"
    "          AND state IN ('queued', 'deferred', 'sending', 'unknown'))"
    "     + (SELECT count(*) FROM npsync.effect WHERE tenant_id = $1"
    "          AND (state IN ('wanted', 'doing') OR state = 'failed' AND how IS NOT NULL))"
    "     + (SELECT count(*) FROM npsync.erasure_step WHERE tenant_id = $1)");
DB_STMT(cw_declined,
    "SELECT count(*) FROM npsync.opt_out WHERE tenant_id = $1 AND source = 'survey'");
DB_STMT(cw_erased,
    "SELECT count(*) FROM npsync.erasure WHERE tenant_id = $1 AND completed_at IS NOT NULL");
/* Of the one who was erased. */
DB_STMT(cw_left,
    "SELECT (SELECT count(*) FROM npsync.contact WHERE tenant_id = $1"
    "          AND email LIKE 'dora@%')"
    "     + (SELECT count(*) FROM npsync.answer WHERE tenant_id = $1"
    "          AND comment LIKE '%Dora')"
    "     + (SELECT count(*) FROM npsync.erasure_step WHERE tenant_id = $1)");

struct look {
	struct crmworld_state *out;
	json_t *lines;		/* of the CRM's ledger */
	const struct simproc_line *service;
	size_t n_service;
	struct db *db;
	struct db_result *effects;
};

static struct db *
database(void)
{
	struct err err = { .kind = ERR_NONE };
	struct db *db = NULL;

	if (!db_open(w->conninfo, &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

bool
crmworld_is_quiet(void)
{
	struct db *db = database();
	const bool quiet = books_number(db, &cw_open) == 0;

	db_close(db);
	return quiet;
}

static void __attribute__((format(printf, 3, 4)))
say(struct look *l, int *counter, const char *fmt, ...)
{
	va_list ap;

	++*counter;
	if (l->out->first[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(l->out->first, sizeof(l->out->first), fmt, ap);
	va_end(ap);
}

/* ---- the CRM's ledger ------------------------------------------------------------ */
static json_t *
ledger_read(void)
{
	char *text = textfile_read(crmsim_file(w->crm, "ledger.jsonl"));
	char *rest = text;
	const char *line;
	json_t *lines = json_array();

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			assert_int_equal(json_array_append_new(lines,
			    json_loads(line, 0, NULL)), 0);
	free(text);
	return lines;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

static const json_t *
field_of(const json_t *line, const char *field)
{
	return json_object_get(json_object_get(line, "fields"), field);
}

/* Lines of that kind and object with that value of a field. */
static int
count(const struct look *l, const char *kind, const char *object,
    const char *field, const char *value, const json_t **last)
{
	size_t i;
	json_t *line;
	int n = 0;

	json_array_foreach(l->lines, i, line) {
		const char *is = json_string_value(field_of(line, field));
		if (strcmp(text_of(line, "kind"), kind) != 0 || is == NULL ||
		    strcmp(text_of(line, "object"), object) != 0 ||
		    strcmp(is, value) != 0)
			continue;
		n++;
		if (last != NULL)
			*last = line;
	}
	return n;
}

/* The last value of a card's field; *repeats = writes of npsync that changed
 * nothing. */
static const json_t *
card(const struct look *l, enum who who, const char *field, int *repeats)
{
	size_t i;
	json_t *line;
	const json_t *value = NULL;

	*repeats = 0;
	json_array_foreach(l->lines, i, line) {
		const json_t *new = field_of(line, field);
		if (new == NULL || strcmp(text_of(line, "id"), w->id[who]) != 0)
			continue;
		*repeats += strcmp(text_of(line, "by"), "api") == 0 &&
		    json_equal(new, value);
		value = new;
	}
	return value;
}

/* ---- what was done at most once, and what the tables say of it --------------------- */
static const char *
state_of(const struct look *l, const char *kind, const char *target,
    const char *subject, bool *before)
{
	*before = false;
	for (int i = 0; i < db_rows(l->effects); i++) {
		if (strcmp(db_text(l->effects, i, 0), kind) != 0 ||
		    strcmp(db_text(l->effects, i, 1), target) != 0 ||
		    strcmp(db_text(l->effects, i, 2), subject) != 0)
			continue;
		*before = db_int(l->effects, i, 4) < w->began;
		return db_text(l->effects, i, 3);
	}
	return "no row";
}

static void
once(struct look *l, int times, const char *state, const char *what,
    const char *who)
{
	if (times > 1)
		say(l, &l->out->doubled, "%s %s: %d times", what, who, times);
	else if (strcmp(state, "unknown") == 0)
		l->out->unknown++;
	else if (times == 0 || strcmp(state, "done") != 0)
		say(l, &l->out->lost, "%s %s: %d times, the table says %s",
		    what, who, times, state);
}

static int
mails(const char *to, const char *header, const char *part)
{
	int n = 0;

	for (int i = w->first_mail; mailbox_has(&w->mail, i); i++) {
		json_t *mail = mailbox_read(&w->mail, i);
		n += strcmp(mailbox_to(&w->mail, i), to) == 0 &&
		    strstr(mail_header(mail, header), part) != NULL;
		json_decref(mail);
	}
	return n;
}

static int
hooks(const char *id)
{
	int n = 0;

	for (int i = 0; i < w->hooks.n; i++)
		n += strcmp(w->hooks.id[i], id) == 0;
	return n;
}

/* Mails and posts of before the case are not in its ledgers. */
static void
look_told(struct look *l, const struct crmworld_person *p, const char *id)
{
	char subject[80], name[80];
	bool before;

	(void)snprintf(subject, sizeof(subject), "alarm %s/score", id);
	(void)snprintf(name, sizeof(name), "%s %s", p->first, p->last);
	const char *state = state_of(l, "mail", "kam@egen.example", subject,
	    &before);
	const int n = mails("kam@egen.example", "subject", name);
	once(l, before ? n + 1 : n, state, "mail about", p->first);
	l->out->mails++;
	state = state_of(l, "webhook", "webhook", id, &before);
	once(l, before ? hooks(id) + 1 : hooks(id), state, "post about",
	    p->first);
	l->out->hooks++;
}

/* ---- one person --------------------------------------------------------------------- */
static void
look_missing(struct look *l, enum who who)
{
	AUTO(db_result) struct db_result *rows = books_ask(l->db, &cw_rows);
	const char *state = "no row", *reason = "";

	for (int i = 0; i < db_rows(rows); i++)
		if (strcmp(db_text(rows, i, 0), w->id[who]) == 0) {
			state = db_text(rows, i, 1);
			reason = db_text(rows, i, 2);
		}
	say(l, &l->out->lost, "%s was not asked: %s %s",
	    crmworld_people[who].first, state, reason);
}

static void
look_asked(struct look *l, enum who who)
{
	const struct crmworld_person *p = &crmworld_people[who];
	int n = 0;

	for (size_t i = 0; i < l->n_service; i++)
		n += l->service[i].kind == SIMPROC_RESPONDENT &&
		    strcasecmp(l->service[i].email, p->email) == 0;
	l->out->asked += n > 0;
	if (n > 1)
		say(l, &l->out->doubled, "%s was asked %d times", p->first, n);
	else if (n == 0)
		look_missing(l, who);
}

static bool
has_tag(const char *tags, const char *tag)
{
	const size_t len = strlen(tag);

	for (const char *p = tags; (p = strstr(p, tag)) != NULL; p += len)
		if ((p == tags || p[-1] == ';') &&
		    (p[len] == ';' || p[len] == '\0'))
			return true;
	return false;
}

static void
look_tags(struct look *l, enum who who)
{
	const struct crmworld_person *p = &crmworld_people[who];
	const bool scored = p->score >= 0 && !p->erased;
	char tag[40];
	int repeats, n = 1;
	const char *tags = json_string_value(card(l, who, "NPSToday_Tags__c",
	    &repeats));

	if (tags == NULL)
		tags = "";
	(void)snprintf(tag, sizeof(tag), "NPSToday.Møde.%d", p->score);
	for (const char *c = tags; *c != '\0'; c++)
		n += *c == ';';
	if (n != 1 + scored + p->declines || !has_tag(tags, "VIP") ||
	    (scored && !has_tag(tags, tag)) ||
	    (p->declines && !has_tag(tags, "NPSToday.NoSend")))
		say(l, &l->out->wrong, "%s has the tags %s", p->first, tags);
	if (repeats > 0)
		say(l, &l->out->doubled, "tags of %s: written %d times more",
		    p->first, repeats);
	l->out->tags += scored + p->declines;
}

static void
look_record(struct look *l, enum who who, const char *id)
{
	const struct crmworld_person *p = &crmworld_people[who];
	const json_t *made = NULL;
	const int n = count(l, "insert", "NPSToday_Response__c",
	    "NPSToday_ResponseId__c", id, &made);

	l->out->records++;
	if (n > 1)
		say(l, &l->out->doubled, "%d records of %s", n, p->first);
	else if (n == 0)
		say(l, &l->out->lost, "no record of %s", p->first);
	else if (json_number_value(field_of(made, "Score__c")) != p->score ||
	    strcmp(json_string_value(field_of(made, "Contact__c")),
	        w->id[who]) != 0)
		say(l, &l->out->wrong, "the record of %s", p->first);
}

static void
look_answer(struct look *l, enum who who, const char *id)
{
	const struct crmworld_person *p = &crmworld_people[who];
	int repeats;
	bool before;

	if (json_number_value(card(l, who, "NPS_Score__c", &repeats)) !=
	    p->score)
		say(l, &l->out->wrong, "the field of %s", p->first);
	look_record(l, who, id);
	once(l, count(l, "feed", "FeedItem", "ParentId", w->id[who], NULL),
	    state_of(l, "feed", "sf", id, &before), "post on", p->first);
	l->out->posts++;
	const int tasks = count(l, "insert", "Task", "WhoId", w->id[who], NULL);
	if (p->score > LOW) {
		if (tasks > 0)
			say(l, &l->out->wrong, "a task on %s", p->first);
		return;
	}
	once(l, tasks, state_of(l, "task", "sf", id, &before), "task on",
	    p->first);
	l->out->tasks++;
	look_told(l, p, id);
}

static void
look_person(struct look *l, enum who who)
{
	const struct crmworld_person *p = &crmworld_people[who];
	char id[24] = "";

	look_asked(l, who);
	look_tags(l, who);
	for (size_t i = 0; i < l->n_service; i++)
		if (l->service[i].kind == SIMPROC_ANSWER &&
		    strcasecmp(l->service[i].email, p->email) == 0)
			(void)snprintf(id, sizeof(id), "%lld",
			    l->service[i].id);
	if (p->score >= 0 && !p->erased)
		look_answer(l, who, id);
}

/* ---- the rest -------------------------------------------------------------------------- */
/* Of the afternoon that all cases come to. */
static void
look_previews(struct look *l)
{
	static const char *const to[] = { "salg@egen.example",
		"chef@egen.example" };
	bool before;

	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		once(l, mails(to[i], "message-id", "preview.2026-03-04."),
		    state_of(l, "mail", to[i], "preview 2026-03-04", &before),
		    "preview to", to[i]);
		l->out->mails++;
	}
}

/* Each mail has an id, and each post, whatever it is about. */
static void
look_repeats(struct look *l)
{
	for (int i = w->first_mail; mailbox_has(&w->mail, i); i++) {
		json_t *mail = mailbox_read(&w->mail, i);
		char to[100];
		(void)snprintf(to, sizeof(to), "%s", mailbox_to(&w->mail, i));
		if (mails(to, "message-id", mail_header(mail,
		    "message-id")) > 1)
			say(l, &l->out->doubled, "a mail to %s came twice: %s",
			    to, mail_header(mail, "subject"));
		json_decref(mail);
	}
	for (int i = 0; i < w->hooks.n; i++)
		if (hooks(w->hooks.id[i]) > 1)
			say(l, &l->out->doubled, "post %s came twice",
			    w->hooks.id[i]);
}

/* All have ended, and of those that nobody knows `npsync status` tells. */
static void
look_effects(struct look *l)
{
	AUTO(arena) struct arena *arena = arena_new(1 << 20);
	AUTO(db_result) struct db_result *doubtful = NULL;
	struct err err = { .kind = ERR_NONE };
	int unknown = 0, told = 0;

	for (int i = 0; i < db_rows(l->effects); i++) {
		const char *kind = db_text(l->effects, i, 0),
		    *state = db_text(l->effects, i, 3);
		const bool at_most_once = strcmp(kind, "field") != 0 &&
		    strcmp(kind, "history") != 0 && strcmp(kind, "opt_out") != 0;
		unknown += strcmp(state, "unknown") == 0 &&
		    (strcmp(kind, "feed") == 0 || strcmp(kind, "task") == 0);
		if (strcmp(state, "done") != 0 &&
		    (!at_most_once || strcmp(state, "unknown") != 0))
			say(l, &l->out->lost, "%s %s %s is %s: %s", kind,
			    db_text(l->effects, i, 1),
			    db_text(l->effects, i, 2), state,
			    db_text(l->effects, i, 5));
	}
	if (!effect_list_doubtful(l->db, books_tenant(l->db), w->began, arena,
	        &doubtful, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(doubtful); i++)
		told += strcmp(db_text(doubtful, i, 2), "unknown") == 0;
	if (told != unknown)
		say(l, &l->out->lost, "%d unknown, %d are told of", unknown,
		    told);
}

static void
look_erasure(struct look *l)
{
	char path[400];
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/service/ledger.jsonl", w->dir);
	char *text = textfile_read(path);
	for (const char *p = text; (p = strstr(p, "\"erased\"")) != NULL; p++)
		n++;
	free(text);
	if (n != 1)
		say(l, &l->out->lost, "%d people were erased at the service",
		    n);
	if (books_number(l->db, &cw_erased) != 1 ||
	    books_number(l->db, &cw_left) != 0)
		say(l, &l->out->lost, "the erasure is not complete");
}

static void
look_books(struct look *l)
{
	struct books books;

	books_read(l->db, &books);
	if (books.waiting > 0)
		say(l, &l->out->lost, "%d rows wait", books.waiting);
	if (books.bad_history + books.bad_counts > 0)
		say(l, &l->out->wrong, "%d rows with another history, %d counts "
		    "do not add up", books.bad_history, books.bad_counts);
	if (books_number(l->db, &cw_declined) == 0)
		say(l, &l->out->lost, "who declined is not known");
}

void
crmworld_look(struct crmworld_state *out)
{
	struct look l = { .out = out, .lines = ledger_read(),
		.db = database() };

	*out = (struct crmworld_state){ 0 };
	l.service = simproc_ledger(w->service, &l.n_service);
	l.effects = books_ask(l.db, &cw_effects);
	for (int i = 0; i < PEOPLE; i++)
		look_person(&l, (enum who)i);
	look_previews(&l);
	look_repeats(&l);
	look_effects(&l);
	look_erasure(&l);
	look_books(&l);
	db_result_free(l.effects);
	db_close(l.db);
	json_decref(l.lines);
}
