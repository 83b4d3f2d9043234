/*
 * survey_person.c - a person at the survey service: not to be asked, and
 * deleted.  How this can go wrong, and what stops it:
 *  - a service that does not know the parameter lists everybody: nobody of a
 *    list that holds another than the one asked for is deleted;
 *  - a number that is of somebody with another address: nobody is deleted by it;
 *  - a key that the profile does not ask by: ERR_DONE, never "nobody there", and
 *    no request that names nobody; one that never does is refused at open;
 *  - a wrong path taken for "not there": the lookup's 404 is an error;
 *  - a repeat after a lost reply: gone is done, where the path names whom;
 *  - a success that carries an error: not done.
 */
#include <string.h>
#include <strings.h>

#include "common/digits.h"
#include "select.h"
#include "survey_int.h"
#include "uses.h"

#define PERSONS_MAX 100

static const char *const person_holes[] = { "email", "phone", NULL };
static const char *const id_holes[] = { "email", "phone", "id", NULL };

struct who {
	const char *email, *phone, *id;	/* NULL = none */
};

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct who *who = arg;

	*out = (struct hole_value){ .type = HOLE_TEXT };
	if (strcmp(name, "email") == 0)
		out->text = who->email;
	else if (strcmp(name, "phone") == 0)
		out->text = who->phone;
	else if (strcmp(name, "id") == 0)
		out->text = who->id;
	else
		return false;
	return true;
}

static bool
call(struct rest_survey *s, const struct rest_request *req, struct who *who,
    struct json_doc **doc, struct err *err)
{
	struct http_res res = { .body = "" };

	arena_reset(s->rest.page);
	return rest_call(&s->rest, req, hole_of, who, &res, doc, err) &&
	    rest_is_success(&s->rest, &res,
		*doc == NULL ? NULL : json_root(*doc), err);
}

/* Not there, said of somebody whom the path names; else the path is wrong. */
static bool
is_gone(const struct rest_request *req, struct err *err)
{
	static const char *const keys[] = { "id", "email", "phone" };

	if (err->kind != ERR_GONE)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (hole_uses(req->path, keys[i]))
			return true;
	return err_set(err, ERR_PROTOCOL, "HTTP %d, and the path names nobody: "
	    "is it right?", err->code);
}

/* A key that the request leaves out would find nobody, or everybody. */
static bool
check_key(const struct rest_survey *s, const struct rest_request *by,
    const struct who *who, const char *then, struct err *err)
{
	if ((who->email != NULL && rest_request_uses(by, "email")) ||
	    (who->phone != NULL && rest_request_uses(by, "phone")))
		return true;
	return err_set(err, ERR_DONE, "profile %s finds nobody by %s: %s",
	    s->rest.profile, who->email != NULL ? "mail address" : "number",
	    then);
}

/* ---- not to be asked ------------------------------------------------------------ */
bool
rest_do_not_contact(void *self, const char *email, const char *phone,
    struct put_result *result, struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_request *req =
	    &survey_part(s)->do_not_contact.request;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct who who = { .email = email, .phone = phone };

	*result = (struct put_result){ .outcome = PUT_UNCHANGED };
	if (!rest_request_given(req))
		return err_set(err, ERR_DONE, "profile %s has no "
		    "do_not_contact: say it to the survey service by hand",
		    s->rest.profile);
	if (!check_key(s, req, &who, "say it to the survey service by hand",
	        err))
		return false;
	if (!call(s, req, &who, &doc, err) && !is_gone(req, err))
		return false;
	result->outcome = PUT_DONE;
	return true;
}

/* ---- erase ---------------------------------------------------------------------- */
static const char *
text_at(json_t *row, const struct strlist *paths, struct arena *arena)
{
	const struct select_match m = select_first(row, paths);

	return select_text(&m, arena);
}

static bool
is_wanted(struct rest_survey *s, json_t *row, const struct who *by)
{
	const struct rest_erase *set = &survey_part(s)->erase;
	const char *listed = text_at(row, by->email != NULL ? &set->email
		: &set->phone, s->rest.page);

	if (listed == NULL)
		return false;
	return by->email != NULL ? strcasecmp(by->email, listed) == 0
	                         : digits_same(by->phone, listed);
}

/* A number is others' too; the service says whose, if it shows a mail. */
static bool
is_anothers(struct rest_survey *s, json_t *row, const char *email)
{
	const char *listed = text_at(row, &survey_part(s)->erase.email,
	    s->rest.page);

	return listed != NULL &&
	    (email == NULL || strcasecmp(listed, email) != 0);
}

static bool
take_row(struct rest_survey *s, json_t *row, const struct who *by,
    const char *email, const char **id, struct err *err)
{
	const struct rest_erase *set = &survey_part(s)->erase;

	if (!is_wanted(s, row, by))
		return err_set(err, ERR_PROTOCOL, "erase.find lists others than "
		    "the one asked for: nobody was deleted");
	if (is_anothers(s, row, email))
		return err_set(err, ERR_DONE, "the mobile number is of somebody "
		    "with another mail address: nobody was deleted by it, do it "
		    "by hand at the survey service if it is the same person");
	*id = text_at(row, &set->id, s->rest.own);
	return *id != NULL || err_set(err, ERR_PROTOCOL,
	    "erase.find: expected an id at one of erase.id");
}

static bool
find(struct rest_survey *s, struct who *by, const char *email,
    const char **ids, size_t *n, struct err *err)
{
	const struct rest_erase *set = &survey_part(s)->erase;
	AUTO(json_doc) struct json_doc *doc = NULL;
	json_t *rows, *row;
	size_t i;

	*n = 0;
	/* An empty list says that nobody is there; this may be a wrong path. */
	if (!call(s, &set->find, by, &doc, err))
		return err->kind != ERR_GONE ? false : err_set(err,
		    ERR_PROTOCOL, "erase.find: HTTP 404, expected a list; is "
		    "its path right?");
	rows = doc == NULL ? NULL : rest_rows(&set->find, json_root(doc));
	if (rows == NULL || json_array_size(rows) > PERSONS_MAX)
		return err_set(err, ERR_PROTOCOL, "erase.find: expected a list "
		    "of at most %d persons at one of rows", PERSONS_MAX);
	json_array_foreach (rows, i, row)
		if (!take_row(s, row, by, email, &ids[(*n)++], err))
			return false;
	return true;
}

static bool
delete_one(struct rest_survey *s, struct who *who, struct put_result *result,
    struct err *err)
{
	const struct rest_request *req = &survey_part(s)->erase.request;
	AUTO(json_doc) struct json_doc *doc = NULL;

	/* Deleted before, its answer lost. */
	if (!call(s, req, who, &doc, err) && !is_gone(req, err))
		return false;
	result->outcome = PUT_DONE;
	return true;
}

static bool
erase_by(struct rest_survey *s, const struct who *who, const char *email,
    struct put_result *result, struct err *err)
{
	const char *ids[PERSONS_MAX];
	struct who by = *who;
	size_t n;

	if (!find(s, &by, email, ids, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		by.id = ids[i];
		if (!delete_one(s, &by, result, err))
			return false;
	}
	return true;
}

bool
rest_erase_person(void *self, const char *email, const char *phone,
    struct put_result *result, struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_erase *set = &survey_part(s)->erase;
	struct who both = { .email = email, .phone = phone };
	const struct who by_email = { .email = email },
	    by_phone = { .phone = phone };

	*result = (struct put_result){ .outcome = PUT_UNCHANGED };
	if (!rest_request_given(&set->request))
		return err_set(err, ERR_DONE, "profile %s has no erase: delete "
		    "the person at the survey service by hand",
		    s->rest.profile);
	if (!check_key(s, rest_request_given(&set->find) ? &set->find
	        : &set->request, &both, "delete the person at the survey service "
	        "by hand", err))
		return false;
	if (!rest_request_given(&set->find))
		return delete_one(s, &both, result, err);
	return (email == NULL || !rest_request_uses(&set->find, "email") ||
		   erase_by(s, &by_email, email, result, err)) &&
	    (phone == NULL || !rest_request_uses(&set->find, "phone") ||
		erase_by(s, &by_phone, email, result, err));
}

/* ---- at open -------------------------------------------------------------------- */
/* One that names nobody is of everybody; who was found, is named by the id. */
static bool
check(const struct rest_survey *s, const struct rest_request *req,
    const char *const *known, const char *where, struct err *err)
{
	const bool by_id = known == id_holes;
	const bool names = by_id ? rest_request_uses(req, "id") :
	    rest_request_uses(req, "email") || rest_request_uses(req, "phone");

	return !rest_request_given(req) ||
	    (rest_check(&s->rest, req, known, where, err) &&
		(names || err_set(err, ERR_CONFIG, "profile %s: %s: expected %s",
		     rest_at(&s->rest, where), where,
		     by_id ? "{id}" : "{email} or {phone}")));
}

bool
rest_person_check(const struct rest_survey *s, struct err *err)
{
	const struct rest_survey_part *part = survey_part(s);
	const bool found = rest_request_given(&part->erase.find);

	return check(s, &part->do_not_contact.request, person_holes,
		   "do_not_contact.request", err) &&
	    check(s, &part->erase.find, person_holes, "erase.find", err) &&
	    check(s, &part->erase.request, found ? id_holes : person_holes,
		"erase.request", err);
}
