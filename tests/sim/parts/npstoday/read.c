/*
 * read.c - answers, members and campaigns as they stand now.
 */
#include "sim.h"

struct view {
	const struct rating *rating;
	const char *comment;
	int64_t comment_at, changed;
};

static bool
view_get(const struct sim *s, const struct answer *a, struct view *v)
{
	*v = (struct view){ .comment_at = NO_TIME };
	for (size_t i = a->last; i != 0; i = s->ratings[i - 1].prev) {
		const struct rating *r = &s->ratings[i - 1];
		if (r->at > s->now)
			continue;
		if (v->rating == NULL) {
			v->rating = r;
			v->changed = r->at > r->recorded ? r->at : r->recorded;
		}
		const char *comment = str_of(r->rec, "comment");
		if (comment != NULL && r->comment_at <= s->now) {
			v->comment = comment;
			v->comment_at = r->comment_at;
			if (r->comment_at > v->changed)
				v->changed = r->comment_at;
			break;
		}
	}
	return v->rating != NULL;
}

static const char *
campaign_name(const struct sim *s, int64_t id)
{
	for (size_t i = 0; i < s->n_campaigns; i++)
		if (s->campaigns[i].id == id)
			return s->campaigns[i].name;
	return NULL;
}

static json_t *
person_json(const struct person *p, const json_t *rec)
{
	char gone[96];
	snprintf(gone, sizeof(gone),
	    "00000000-0000-4000-8000-%012llu@npst.example",
	    (unsigned long long)p->id);
	const bool sms = str_of(rec, "email") == NULL;
	return json_pack("{s:I, s:s?, s:s?, s:b, s:s?, s:s?, s:s?, s:s?}", "id",
	    J(p->id), "emailAddress",
	    p->anonymised ? gone : str_of(rec, "email"), "phoneNumber",
	    p->anonymised ? NULL : sms ? p->email : p->phone, "active", !p->opted_out,
	    "firstName",
	    p->anonymised ? "Anonymous" : str_of(rec, "first_name"),
	    "lastName", p->anonymised ? NULL : str_of(rec, "last_name"),
	    "companyName", str_of(rec, "company"), "externalId",
	    str_of(rec, "external_id"));
}

bool
answer_match(struct sim *s, size_t i, int64_t since)
{
	struct view v;
	if (!view_get(s, &s->answers[i], &v))
		return false;
	const struct person *p =
	    &s->persons[s->members[s->answers[i].member].person];
	return !p->erased && (since == NO_TIME || v.changed >= since ||
				 p->changed >= since);
}

static json_t *
answer_make(struct sim *s, size_t i)
{
	struct view v;
	const struct answer *a = &s->answers[i];
	const struct member *m = &s->members[a->member];
	const struct person *p = &s->persons[m->person];
	if (!view_get(s, a, &v))
		return json_null();
	json_t *score = json_object_get(v.rating->rec, "rating");
	json_t *out = json_pack("{s:I, s:O?, s:o, s:s?, s:o, s:o, s:o, s:o, "
				"s:I, s:s?, s:b, s:s, s:o}",
	    "id", J(a->id), "rating", score, "ratingTime",
	    stamp_json(v.rating->at, a->id), "userComment", v.comment,
	    "commentTime", stamp_json(v.comment_at, a->id), "surveyOpenedTime",
	    stamp_json(v.rating->at - 60, a->id), "surveySendTime",
	    stamp_json(m->send_at, a->id), "surveyScheduleTime",
	    stamp_json(m->send_at, a->id), "campaignId", J(m->campaign),
	    "campaignName", campaign_name(s, m->campaign), "doNotContact",
	    p->opted_out, "device", "Desktop", "respondent",
	    person_json(p, m->rec));
	if (s->opt.member_in_answer)
		json_object_set_new(
		    out, "campaignMemberId", json_integer(J(m->id)));
	return out;
}

static bool
member_match(struct sim *s, size_t i, int64_t since)
{
	const struct member *m = &s->members[i];
	const bool mailed = m->added && m->send_at <= s->now;
	if (s->persons[m->person].erased)
		return false;
	return since == NO_TIME || m->received >= since ||
	       (mailed && m->send_at >= since) ||
	       s->persons[m->person].changed >= since;
}

static json_t *
member_make(struct sim *s, size_t i)
{
	const struct member *m = &s->members[i];
	const bool mailed = m->added && m->send_at <= s->now;
	return json_pack(
	    "{s:I, s:I, s:s?, s:O?, s:s?, s:s, s:o, s:o, s:s?, s:o}", "id",
	    J(m->id), "campaignId", J(m->campaign), "campaignName",
	    campaign_name(s, m->campaign), "custom",
	    json_object_get(m->rec, "custom"), "guid", str_of(m->rec, "guid"),
	    "additionStatus", m->added ? "Added" : "OptedOut", "created",
	    stamp_json(m->received, m->id), "firstSurveyExposure",
	    stamp_json(mailed ? m->send_at : NO_TIME, m->id), "externalId",
	    str_of(m->rec, "external_id"), "respondent",
	    person_json(&s->persons[m->person], m->rec));
}

/* ---- listings */
static const char *
query(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->in.con, MHD_GET_ARGUMENT_KIND, name);
}

static bool
query_num(const struct request *r, const char *name, int64_t *n)
{
	const char *s = query(r, name);
	return s == NULL || (sim_num(s, n) && *n > 0 && *n <= INT32_MAX);
}

static json_t *
envelope(const struct sim *s, const struct request *r, json_t *items,
    int64_t next_page, int64_t size)
{
	char link[1024];
	items = cased(s, items);
	if (s->opt.paging != PAGING_NEXT)
		return s->opt.items == NULL
			   ? items
			   : json_pack("{s:o}", s->opt.items, items);
	const char *since = query(r, "modifiedAfter");
	snprintf(link, sizeof(link),
	    "http://127.0.0.1:%d%s?page=%lld&pageSize=%lld%s%s", s->port,
	    r->path, (long long)next_page, (long long)size,
	    since == NULL ? "" : "&modifiedAfter=", since == NULL ? "" : since);
	for (char *p = strchr(link, '='); p != NULL && *p != '\0'; p++)
		if (*p == '+' || *p == ' ')
			*p = 'Z'; /* "+00:00": the zone is cut at the Z */
	char *z = strrchr(link, 'Z');
	if (z != NULL)
		z[1] = '\0';
	return json_pack("{s:o, s:s?}",
	    s->opt.items == NULL ? "value" : s->opt.items, items, "nextLink",
	    next_page == 0 ? NULL : link);
}

static bool
listing_query(const struct sim *s, const struct request *r, struct reply *out,
    int64_t *since, int64_t *page, int64_t *size)
{
	const char *after = query(r, "modifiedAfter");
	if (after != NULL && !sim_time_parse(after, since)) {
		reply_error(out, 400, "modifiedAfter is no date", after);
		return false;
	}
	if (!query_num(r, "page", page) || !query_num(r, "pageSize", size)) {
		reply_error(out, 400, "page or pageSize is no number", NULL);
		return false;
	}
	if (s->opt.paging == PAGING_IGNORE) {
		*page = 1;
		*size = INT32_MAX;
	}
	if (s->opt.page_max > 0 && *size > s->opt.page_max)
		*size = s->opt.page_max;
	return true;
}

static void
listing(struct sim *s, struct request *r, struct reply *out, size_t total,
    match_fn *match, make_fn *make)
{
	int64_t since = NO_TIME, page = 1, size = 500, n = 0, next = 0;
	if (!listing_query(s, r, out, &since, &page, &size))
		return;
	int64_t first;
	bool newest = s->opt.newest;
	mutate_page(s, r->ep, page, size, &first, &newest);
	json_t *items = json_array();
	for (size_t k = 0; k < total && next == 0; k++) {
		const size_t i = newest ? total - 1 - k : k;
		if (!match(s, i, since) || mutate_hides(s, r->ep, i))
			continue;
		n++;
		if (n > first + size)
			next = page + 1;
		else if (n > first)
			json_array_append_new(items, make(s, i));
	}
	reply_json(out, 200, envelope(s, r, items, next, size));
}

void
on_responses(struct sim *s, struct request *r, struct reply *out)
{
	listing(s, r, out, s->n_answers, answer_match, answer_make);
}

void
on_members(struct sim *s, struct request *r, struct reply *out)
{
	if (s->opt.no_members)
		reply_error(out, 404, "Not found", NULL);
	else
		listing(s, r, out, s->n_members, member_match, member_make);
}

void
on_feed(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	json_t *items = json_array();
	for (size_t i = 0; i < s->n_answers; i++)
		if (answer_match(s, i, NO_TIME))
			json_array_append_new(items, answer_make(s, i));
	reply_json(out, 200, cased(s, items));
}

void
on_campaigns(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	json_t *list = json_array();
	for (size_t i = 0; i < s->n_campaigns; i++) {
		const struct campaign *c = &s->campaigns[i];
		int64_t members = 0, answers = 0;
		for (size_t m = 0; m < s->n_members; m++)
			if (s->members[m].campaign == c->id) {
				members++;
				answers += s->members[m].answer != 0;
			}
		json_array_append_new(list,
		    json_pack("{s:I, s:s, s:I, s:I, s:{s:b}}", "id", J(c->id),
			"name", c->name, "respondentCount", J(members),
			"responseCount", J(answers), "template",
			"allowDuplicates", s->opt.dup == DUP_ALLOW));
	}
	reply_json(out, 200, cased(s, list));
}
