/*
 * lookup.c - a send whose outcome is unknown: the contact says when it was
 * mailed last.  How it could ask somebody twice, and what stops it:
 *  - a mail that waits for its delay leaves lastemailed as it was: an old time
 *    proves nothing, and is "cannot say" unless lookup.absent_after_h is set;
 *  - a mail that somebody else had sent: taken for ours, which asks nobody;
 *  - a search that finds another: the contact must have the address;
 *  - a time that cannot be read, is not there, or lies ahead: proves nothing;
 *  - no contact: a proxy, a wrong path, or a success of false looks the same,
 *    and proves nothing.
 * What is wrong with one of them says nothing of the others, unless it is so of
 * LOST_MAX one after the other.
 */
#include "asknicely.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/hole.h"

#define LOST_MAX 3

const char *const asknicely_person_holes[] = { "email", NULL };

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	*out = (struct hole_value){ .type = HOLE_TEXT, .text = arg };
	return strcmp(name, "email") == 0;
}

bool
asknicely_lookup_target(const struct asknicely_settings *set,
    const char *email, struct arena *arena, const char **target,
    struct err *err)
{
	char *who = arena_strdup(arena, email);

	return who == NULL ? err_nomem(err) : hole_write(set->lookup.path,
	    HOLE_URL, "UTC", hole_of, who, arena, target, err);
}

/* Long enough for every delay, and for the service to show it. */
static enum find_answer
not_mailed(const struct asknicely *a, const struct sent *wanted)
{
	const int after_h = a->set->lookup.absent_after_h;

	return after_h > 0 && asknicely_now(a) - wanted->created_at >=
	    (time_t)after_h * 3600 ? FIND_ABSENT : FIND_CANNOT_SAY;
}

static void
found_set(struct asknicely *a, json_t *contact, const char *how,
    struct push_result *found)
{
	const char *id = asknicely_id(contact, "id", a->page);

	*found = (struct push_result){ .outcome = PUSH_ACCEPTED_NO_ID };
	(void)snprintf(found->reason, sizeof(found->reason), "%s", how);
	if (id == NULL || strlen(id) >= sizeof(found->remote_id))
		return;
	found->outcome = PUSH_ACCEPTED;
	(void)snprintf(found->remote_id, sizeof(found->remote_id), "%s", id);
}

static bool
is_scheduled(const struct asknicely *a, json_t *contact)
{
	const char *text = asknicely_text(contact, "scheduled", a->page);

	return a->set->lookup.scheduled_means_sent && text != NULL &&
	    strcmp(text, "0") != 0;
}

static enum find_answer
judge(struct asknicely *a, const struct sent *wanted, json_t *contact,
    struct push_result *found)
{
	const char *email = asknicely_text(contact, "email", a->page);
	time_t mailed;

	if (email == NULL || strcasecmp(email, wanted->email) != 0)
		return FIND_CANNOT_SAY;
	a->looked = true;
	if (!asknicely_time(contact, "lastemailed", &mailed) ||
	    (mailed != NO_TIME && mailed > asknicely_now(a) + ASKNICELY_DAY_S))
		return FIND_CANNOT_SAY;
	if (mailed != NO_TIME &&
	    mailed >= wanted->created_at - a->set->lookup.skew_s) {
		found_set(a, contact, "the contact was mailed since", found);
		return FIND_FOUND;
	}
	if (is_scheduled(a, contact)) {
		found_set(a, contact, "the contact is scheduled", found);
		return FIND_FOUND;
	}
	return mailed != NO_TIME ? not_mailed(a, wanted) : FIND_CANNOT_SAY;
}

static bool
ask(struct asknicely *a, const struct sent *wanted, struct http_req *req,
    struct http_res *res, struct err *err)
{
	const char *target;

	arena_reset(a->page);
	if (!asknicely_lookup_target(a->set, wanted->email, a->page, &target,
	        err))
		return false;
	return asknicely_send(a, "GET", target, NULL, req, res, err);
}

bool
asknicely_is_absent(const struct asknicely_settings *set, long status)
{
	for (size_t i = 0; i < set->lookup.absent_status.n; i++)
		if (set->lookup.absent_status.v[i] == status)
			return true;
	return false;
}

/* A 200 is judged by its body alone, also where it is in the list. */
bool
asknicely_is_nobody(const struct asknicely_settings *set,
    const struct http_res *res, const struct json_doc *doc)
{
	if (res->status == 200)
		return doc != NULL && asknicely_flag(json_at(json_root(doc),
		           "success")) == TRI_NO;
	return asknicely_is_absent(set, res->status);
}

/* What was refused for one address says nothing of the others. */
static bool
is_of_this_one(const struct http_res *res)
{
	return res->status >= 400 && http_classify(res) == HTTP_PERMANENT;
}

static bool
look_up(struct asknicely *a, const struct sent *wanted,
    enum find_answer *answer, struct push_result *found, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_req req;
	struct http_res res;

	if (!ask(a, wanted, &req, &res, err))
		return err->kind == ERR_REJECTED;
	if (!asknicely_judge(a, &req, &res, &doc, err))
		return asknicely_is_nobody(a->set, &res, doc) || is_of_this_one(&res);
	json_t *contact = json_at(json_root(doc), "data");
	if (json_is_object(contact))
		*answer = judge(a, wanted, contact, found);
	return true;
}

/* The others need not be asked: the key, the rate, our own end. */
static bool
ends_look(const struct err *why)
{
	return why->kind == ERR_AUTH || why->kind == ERR_THROTTLED ||
	    why->kind == ERR_CONFIG || err_ends_run(why->kind);
}

/* A row with its id is known: the core wants to hear of it from a list, which
 * there is none. */
static bool
is_looked_for(const struct sent *wanted)
{
	return wanted->remote_id == NULL && wanted->email != NULL &&
	    wanted->email[0] != '\0' && wanted->created_at != NO_TIME;
}

bool
asknicely_find_sent(void *self, const struct sent *wanted, size_t count,
    enum find_answer *answers, struct push_result *found, struct err *err)
{
	struct asknicely *a = self;
	bool any = false;	/* something was learned */
	int lost = 0;		/* one after the other */

	for (size_t i = 0; i < count; i++)
		answers[i] = FIND_CANNOT_SAY;
	for (size_t i = 0; i < count; i++) {
		if (!is_looked_for(&wanted[i]))
			continue;
		if (a->env->cancelled != NULL && a->env->cancelled())
			return err_set(err, ERR_CANCELLED, "lookup: stopped");
		if (look_up(a, &wanted[i], &answers[i], &found[i], err)) {
			lost = 0;
			any |= answers[i] != FIND_CANNOT_SAY;
		} else if (ends_look(err) || ++lost >= LOST_MAX) {
			/* What was found before counts; else somebody is told. */
			return any && !err_ends_run(err->kind);
		}
	}
	return lost == 0 || any;
}
