/*
 * erase.c - a respondent looked up by address or number and deleted, with all
 * campaign members.  The calls are not confirmed in public: only where the
 * tenant has shown that they work (erase.enabled).
 */
#include "npstoday.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/digits.h"
#include "common/fieldmap.h"
#include "url.h"

#define RESPONDENTS_MAX 100

struct hit {
	const char *address;	/* or number */
	const char *mail;	/* the person's, by number too; or NULL */
	const struct strlist *names;
	const char *id[RESPONDENTS_MAX];
	size_t n;
};

static bool
is_wanted(const char *wanted, const char *listed)
{
	if (listed == NULL)
		return false;
	return strchr(wanted, '@') != NULL ? strcasecmp(wanted, listed) == 0
	                                   : digits_same(wanted, listed);
}

/* A number is others' too; the service says whose, if it shows a mail. */
static bool
is_anothers(struct npstoday *n, const struct hit *hit, json_t *item)
{
	const char *mail = fieldmap_text(item, &n->set->erase.email, n->page);

	return mail != NULL && *mail != '\0' &&
	    (hit->mail == NULL || strcasecmp(mail, hit->mail) != 0);
}

/* A service that does not know the parameter lists everybody: nobody of such a
 * list is deleted. */
static bool
hit_take(struct npstoday *n, struct hit *hit, json_t *items, struct err *err)
{
	const struct npstoday_settings *set = n->set;
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		const char *id = fieldmap_text(item, &set->erase.id, n->own);
		if (!is_wanted(hit->address, fieldmap_text(item, hit->names,
			n->page)))
			return err_set(err, ERR_PROTOCOL, "%s: lists others than "
			    "the one asked for; erase.email_param or "
			    "erase.phone_param is not what the service knows",
			    set->erase.find_path);
		if (is_anothers(n, hit, item))
			return err_set(err, ERR_DONE, "the mobile number is of a "
			    "respondent with another mail address: nobody was "
			    "deleted by it, do it by hand in NPS.Today if it is "
			    "the same person");
		if (id == NULL || hit->n == RESPONDENTS_MAX)
			return err_set(err, ERR_PROTOCOL, "%s: expected at most "
			    "%d respondents, each with an id",
			    set->erase.find_path, RESPONDENTS_MAX);
		hit->id[hit->n++] = id;
	}
	return true;
}

static bool
hit_find(struct npstoday *n, struct hit *hit, const char *param,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res = { .status = 0 };

	arena_reset(n->page);
	const char *url = url_join(n->page, n->set->base_url,
	    n->set->erase.find_path);
	url = url == NULL ? NULL
	    : url_add_query(n->page, url, param, hit->address);
	if (!npstoday_get(n, METHOD_GET, url, &res, &doc, err)) {
		/* An empty list says that nobody is there; this may be a wrong
		 * path. */
		return err->kind != ERR_GONE ? false
		    : err_set(err, ERR_PROTOCOL, "%s: HTTP 404, expected a list; "
			"is erase.find_path right?", n->set->erase.find_path);
	}
	json_t *items = fieldmap_items(json_root(doc), &n->set->erase.items);
	return items != NULL ? hit_take(n, hit, items, err)
	    : err_set(err, ERR_PROTOCOL, "%s: expected an array at one of the "
		"pointers of erase.items", n->set->erase.find_path);
}

static const char *
path_of(struct npstoday *n, const char *id)
{
	const char *path = n->set->erase.path, *hole = strstr(path, "{id}");
	const char *escaped = url_escape(n->page, id);

	if (hole == NULL || escaped == NULL)
		return NULL;
	return arena_printf(n->page, "%.*s%s%s", (int)(hole - path), path,
	    escaped, hole + strlen("{id}"));
}

static bool
delete_one(struct npstoday *n, const char *id, struct err *err)
{
	struct http_req req = { .method = n->set->erase.method,
		.headers = n->read_headers, .repeatable = true };
	struct http_res res = { .status = 0 };

	arena_reset(n->page);
	const char *path = path_of(n, id);
	req.url = path == NULL ? NULL
	    : url_join(n->page, n->set->base_url, path);
	if (req.url == NULL)
		return err_nomem(err);
	if (!http_do(n->env->http, &req, n->page, &res, err))
		return false;
	/* Deleted before, its answer lost. */
	return http_expect_ok(&req, &res, err) || err->kind == ERR_GONE;
}

static bool
erase_by(struct npstoday *n, struct hit *hit, const char *param,
    struct put_result *result, struct err *err)
{
	if (!hit_find(n, hit, param, err))
		return false;
	for (size_t i = 0; i < hit->n; i++)
		if (!delete_one(n, hit->id[i], err))
			return false;
	if (hit->n > 0)
		result->outcome = PUT_DONE;
	return true;
}

bool
npstoday_erase(void *self, const char *email, const char *phone,
    struct put_result *result, struct err *err)
{
	struct npstoday *n = self;
	const struct npstoday_settings *set = n->set;
	struct hit by_email = { .address = email, .mail = email,
		.names = &set->erase.email };
	struct hit by_phone = { .address = phone, .mail = email,
		.names = &set->erase.phone };

	*result = (struct put_result){ .outcome = PUT_UNCHANGED };
	if (!set->erase.enabled)
		return err_set(err, ERR_DONE, "erase.enabled is false: delete "
		    "the respondent in NPS.Today by hand");
	return (email == NULL || erase_by(n, &by_email,
		   set->erase.email_param, result, err)) &&
	    (phone == NULL || erase_by(n, &by_phone,
		set->erase.phone_param, result, err));
}
