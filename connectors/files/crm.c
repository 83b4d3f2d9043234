/*
 * crm.c - CSV exports of any CRM, as a CRM source.
 *
 * Talks to: files by RFC 4180, and the import sheet of ChannelCRM ("Import
 * skabelon variabler", 2026-06-01).  No file has a change stamp, so every
 * stream is read whole each time.
 */
#include "map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES ((size_t)8 << 20)

/* ---- open and close ------------------------------------------------- */

static bool
take_char(const char *text, const char *option, char *out, struct err *err)
{
	if (strcmp(text, "tab") == 0)
		*out = '\t';
	else if (strcmp(text, "double") == 0)
		*out = '"';
	else if (strcmp(text, "single") == 0)
		*out = '\'';
	else if (strlen(text) == 1 && (unsigned char)*text < 0x80 &&
	    *text != '\n' && *text != '\r')
		*out = *text;
	else
		return err_set(err, ERR_CONFIG, "files: %s: expected one ASCII "
		    "character or its name, got \"%s\"", option, text);
	return true;
}

static bool
take_formats(struct files *f, struct err *err)
{
	const struct files_settings *set = f->set;

	f->format = (struct csv_format){ .trim = true,
		.charset = (enum csv_charset)set->charset };
	f->out_format = (struct csv_format){ .quote = '"',
		.charset = (enum csv_charset)set->out.charset };
	if (strcmp(set->delimiter, "auto") != 0 &&
	    !take_char(set->delimiter, "delimiter", &f->format.delimiter, err))
		return false;
	if (strcmp(set->quote, "none") != 0 && *set->quote != '\0' &&
	    !take_char(set->quote, "quote", &f->format.quote, err))
		return false;
	if (f->format.quote != '\0' && f->format.quote == f->format.delimiter)
		return err_set(err, ERR_CONFIG, "files: quote: expected "
		    "another character than the delimiter");
	if (!take_char(set->out.delimiter, "out.delimiter",
	    &f->out_format.delimiter, err))
		return false;
	return f->out_format.delimiter != f->out_format.quote ||
	    err_set(err, ERR_CONFIG, "files: out.delimiter: expected another "
	    "character than the quote");
}

/* A pattern that fits nothing would put every row into the quarantine. */
static bool
check_dates(const struct strlist *formats, struct err *err)
{
	if (formats->n == 0)
		return err_set(err, ERR_CONFIG, "files: date_format: expected "
		    "at least one format");
	for (size_t i = 0; i < formats->n; i++)
		if (strcmp(formats->v[i], "iso") != 0 &&
		    !clock_format_valid(formats->v[i]))
			return err_set(err, ERR_CONFIG, "files: date_format: "
			    "expected \"iso\" or a pattern like \"dd-MM-yyyy "
			    "HH:mm\", got \"%.40s\"", formats->v[i]);
	return true;
}

static bool
check_settings(const struct files *f, struct err *err)
{
	const struct files_settings *set = f->set;
	bool any = false;

	for (int i = 0; i < FILES_KINDS; i++)
		any = any || *set->table[i].file != '\0';
	if (!any)
		return err_set(err, ERR_CONFIG, "files: expected the file of "
		    "at least one table, such as contacts.file");
	if (!clock_zone_exists(f->zone))
		return err_set(err, ERR_CONFIG, "files: timezone: expected an "
		    "installed zone, got \"%s\"", f->zone);
	return check_dates(&set->date_format, err);
}

static void
files_close(void *self)
{
	struct files *f = self;

	if (f == NULL)
		return;
	arena_free(f->record);
	arena_free(f->index);
	files_source_close(f);
	free(f);
}

static void
files_cleanup(struct files **f)
{
	files_close(*f);
}

static bool
files_open(const struct connector_env *env, void **self, struct err *err)
{
	AUTO(files) struct files *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return err_nomem(err);
	f->env = *env;
	f->set = env->settings;
	f->zone = *f->set->timezone != '\0' ? f->set->timezone : env->timezone;
	if (!take_formats(f, err) || !check_settings(f, err))
		return false;
	memcpy(f->table, f->set->table, sizeof(f->table));
	if (!files_source_open(f, err))
		return false;
	f->table[FILES_CONTACTS].col[CONTACT_KEY] = f->set->out.key;
	f->record = arena_new(RECORD_BYTES);
	f->index = arena_new((size_t)f->set->lookup_mb << 20);
	if (f->record == NULL || f->index == NULL)
		return err_nomem(err);
	*self = steal(&f);
	return true;
}

static bool
check_out(const struct files *f, struct err *err)
{
	const char *dir = f->set->out.dir;
	struct stat st;

	if (*dir == '\0')
		return true;
	if (stat(dir, &st) == -1)
		return err_errno(err, ERR_CONFIG, "%s (out.dir)", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s (out.dir): expected a "
		    "folder", dir);
	if (access(dir, W_OK | X_OK) == -1)
		return err_errno(err, ERR_CONFIG, "%s (out.dir): expected a "
		    "folder that npsync may write", dir);
	return true;
}

static bool
files_check_all(void *self, struct err *err)
{
	struct files *f = self;

	for (int i = 0; i < FILES_KINDS; i++)
		if (!files_check(f, (enum files_kind)i, err))
			return false;
	return check_out(f, err);
}

/* ---- streams -------------------------------------------------------- */

/* One pass over a stream. */
struct pass {
	struct files *f;
	crm_event_fn *event;
	crm_activity_fn *activity;
	crm_contact_fn *contact;
	checkpoint_fn *checkpoint;
	void *arg;
	unsigned long n;
};

static bool
stopped(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "files: stopped");
}

/*
 * The resume text only tells how far a pass came: a broken one begins again,
 * since the files may be others by then, and what was met is known already.
 */
static bool
count(struct pass *pass, struct err *err)
{
	char resume[32];

	if (++pass->n % FILES_PAGE != 0)
		return true;
	(void)snprintf(resume, sizeof(resume), "records=%lu", pass->n);
	return pass->checkpoint(pass->arg, resume, NULL) || stopped(err);
}

static bool
finish(struct pass *pass, struct err *err)
{
	const struct connector_env *env = &pass->f->env;
	char watermark[32];

	return pass->checkpoint(pass->arg, NULL,
	    clock_iso(watermark, env->now(env->clock))) || stopped(err);
}

static bool
event_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct pass *pass = arg;
	struct crm_event ev;

	if (files_map_event(sheet, &ev) != FILES_EMIT)
		return true;
	if (arena_failed(pass->f->record))
		return err_nomem(err);
	return pass->event(pass->arg, &ev) ? count(pass, err) : stopped(err);
}

static bool
pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct pass pass = { .f = self, .event = emit,
		.checkpoint = checkpoint, .arg = arg };
	const struct files_reader reader = { .row = event_row, .arg = &pass };

	(void)pull;
	return files_read(self, FILES_DEALS, &reader, err) &&
	    files_read(self, FILES_CASES, &reader, err) &&
	    files_read(self, FILES_ACTIVITIES, &reader, err) &&
	    finish(&pass, err);
}

static bool
activity_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct pass *pass = arg;
	struct crm_activity act;

	if (files_map_activity(sheet, &act) != FILES_EMIT)
		return true;
	return pass->activity(pass->arg, &act) ? count(pass, err) :
	    stopped(err);
}

static bool
pull_activities(void *self, const struct pull *pull, crm_activity_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct pass pass = { .f = self, .activity = emit,
		.checkpoint = checkpoint, .arg = arg };
	const struct files_reader reader = { .row = activity_row,
		.arg = &pass };

	(void)pull;
	return files_read(self, FILES_ACTIVITIES, &reader, err) &&
	    finish(&pass, err);
}

static bool
contact_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct pass *pass = arg;
	struct crm_contact c;

	if (files_map_contact(sheet, &c) != FILES_EMIT)
		return true;
	if (arena_failed(pass->f->record))
		return err_nomem(err);
	return pass->contact(pass->arg, &c) ? count(pass, err) : stopped(err);
}

static bool
pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct pass pass = { .f = self, .contact = emit,
		.checkpoint = checkpoint, .arg = arg };
	const struct files_reader reader = { .row = contact_row,
		.arg = &pass };

	(void)pull;
	return files_index(self, true, err) &&
	    files_read(self, FILES_CONTACTS, &reader, err) &&
	    finish(&pass, err);
}

/* ---- the border ----------------------------------------------------- */

#define STREAMS (CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES | CRM_CAP_CONTACTS)
/* No baseline: what is there on the first run is recorded as before_start. */
const struct crm_connector files_crm = {
	.info = { .api = CONNECTOR_API, .name = "files",
		.summary = "CSV exports of any CRM, from a folder or a server",
		.opts = files_opts,
		.settings_size = sizeof(struct files_settings),
		.caps = STREAMS | CRM_CAP_FIND | CRM_CAP_VALUES |
		    CRM_CAP_TAGS | CRM_CAP_FIELDS | CRM_CAP_ANSWERS |
		    CRM_CAP_FEED | CRM_CAP_TASKS,
		.whole = STREAMS, .http = true },
	.open = files_open,
	.close = files_close,
	.check = files_check_all,
	.pull_events = pull_events,
	.pull_activities = pull_activities,
	.pull_contacts = pull_contacts,
	.load_contacts = files_load_contacts,
	.find_contact = files_find_contact,
	.list_values = files_list_values,
	.tags_max = FILES_PAGE,
	.put_tags = files_put_tags,
	.effects_max = FILES_PAGE,
	.put_fields = files_put_fields,
	.put_answer = files_put_answer,
	.post_feed = files_post_feed,
	.put_task = files_put_task,
};
