/*
 * survey_lists.c - what a survey service lists: campaigns, sends, answers,
 * opt-outs.  How this can lose, and what stops it:
 *  - a score of another scale, or of another question: no score, so no tag; the
 *    answer is counted;
 *  - an opt-out whose time cannot be read: it counts all the same;
 *  - a service that lists no opt-outs: ERR_DONE with words, never an empty list.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "num.h"
#include "select.h"
#include "survey_int.h"

#define BEST_SCORE 10
#define FIELD(set_, member_) { #member_, &(set_)->member_ }

static bool
stopped(const struct listing *l, struct err *err)
{
	return err_set(err, ERR_CANCELLED, "%s: stopped", l->where);
}

static bool
lacks(const struct rest_survey *s, const char *what, const char *then,
    struct err *err)
{
	return err_set(err, ERR_DONE, "profile %s lists no %s: %s",
	    s->rest.profile, what, then);
}

static struct map
map_of(const struct rest_survey *s, const struct rest_maps *maps,
    const struct listing_row *row)
{
	return (struct map){ .maps = maps, .zone = s->rest.zone,
		.arena = s->rest.item, .row = row->json };
}

static bool
is_readable(const struct map *m, struct listing_row *row)
{
	if (m->reason[0] == '\0')
		return true;
	(void)snprintf(row->reason, sizeof(row->reason), "%.127s", m->reason);
	return false;
}

/* ---- campaigns ---------------------------------------------------------------- */
struct campaign_sink {
	struct rest_survey *s;
	survey_campaign_fn *emit;
	void *arg;
};

static bool
campaign_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct campaign_sink *to = arg;
	const struct rest_names *set = l->of;
	struct map m = map_of(to->s, NULL, row);
	const char *name = map_text(&m, "name", &set->name);

	if (row->id == NULL)
		(void)map_refuse(&m, "id", "a number or a text");
	return !is_readable(&m, row) || to->emit(to->arg, row->id, name) ||
	    stopped(l, err);
}

static void
campaigns_listing(const struct rest_survey *s, struct survey_listing *out)
{
	const struct rest_names *set = &survey_part(s)->campaigns;

	*out = (struct survey_listing){
		.listing = { .name = "campaigns", .where = "campaigns.read",
		    .set = &set->read, .of = set },
		.fields = { FIELD(set, name) } };
	out->listing.fields = out->fields;
}

bool
rest_list_campaigns(void *self, survey_campaign_fn *emit, void *arg,
    struct err *err)
{
	struct rest_survey *s = self;
	struct campaign_sink to = { .s = s, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .row = campaign_row, .arg = &to };
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME };
	struct survey_listing l;

	campaigns_listing(s, &l);
	if (!rest_listing_given(l.listing.set))
		return lacks(s, "campaigns", "nothing can be checked against it",
		    err);
	return listing_read(&s->rest, &l.listing, 1, &pull, &sink, err);
}

/* ---- sends -------------------------------------------------------------------- */
void
survey_sent_listing(const struct rest_survey *s, struct survey_listing *out)
{
	const struct rest_sent *set = &survey_part(s)->sent;

	*out = (struct survey_listing){
		.listing = { .name = "sent", .where = "sent.read",
		    .set = &set->read, .of = set },
		.fields = { FIELD(set, ref), FIELD(set, campaign_id),
		    FIELD(set, email), FIELD(set, phone),
		    FIELD(set, contact_id), FIELD(set, created_at),
		    FIELD(set, mailed_at), FIELD(set, suppressed) } };
	out->listing.fields = out->fields;
}

bool
survey_sent_map(const struct rest_survey *s, const struct listing *l,
    struct listing_row *row, struct sent *out)
{
	const struct rest_sent *set = l->of;
	struct map m = map_of(s, &set->maps, row);

	*out = (struct sent){ .remote_id = row->id,
		.ref = map_text(&m, "ref", &set->ref),
		.campaign_id = map_text(&m, "campaign_id", &set->campaign_id),
		.email = map_text(&m, "email", &set->email),
		.phone = map_text(&m, "phone", &set->phone),
		.contact_id = map_text(&m, "contact_id", &set->contact_id),
		.created_at = map_time(&m, "created_at", &set->created_at,
		    NULL),
		.mailed_at = map_time(&m, "mailed_at", &set->mailed_at, NULL),
		.suppressed = map_flag(&m, "suppressed", &set->suppressed) ==
		    TRI_YES };
	if (row->id == NULL)
		(void)map_refuse(&m, "id", "a number or a text");
	return is_readable(&m, row);
}

struct sent_sink {
	struct rest_survey *s;
	survey_sent_fn *emit;
	void *arg;
};

static bool
sent_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct sent_sink *to = arg;
	struct sent sent;

	return !survey_sent_map(to->s, l, row, &sent) || to->emit(to->arg, &sent) ||
	    stopped(l, err);
}

bool
rest_pull_sent(void *self, const struct pull *pull, survey_sent_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct rest_survey *s = self;
	struct sent_sink to = { .s = s, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .row = sent_row, .arg = &to,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	struct survey_listing l;

	survey_sent_listing(s, &l);
	if (!rest_listing_given(l.listing.set))
		return lacks(s, "sends", "surveys of others are not seen", err);
	return listing_read(&s->rest, &l.listing, 1, pull, &sink, err);
}

/* ---- answers -------------------------------------------------------------------- */
static void
answers_listing(const struct rest_survey *s, struct survey_listing *out)
{
	const struct rest_answers *set = &survey_part(s)->answers;

	*out = (struct survey_listing){
		.listing = { .name = "answers", .where = "answers.read",
		    .set = &set->read, .of = set },
		.fields = { FIELD(set, ref), FIELD(set, remote_id),
		    FIELD(set, contact_id), FIELD(set, email),
		    FIELD(set, phone), FIELD(set, campaign_id),
		    FIELD(set, campaign), FIELD(set, score),
		    FIELD(set, comment), FIELD(set, answered_at),
		    FIELD(set, changed_at), FIELD(set, opted_out),
		    FIELD(set, anonymised), FIELD(set, wants_contact),
		    FIELD(set, type) } };
	out->listing.fields = out->fields;
}

static bool
is_of_type(const struct rest_answers *set, struct map *m)
{
	const char *type = map_text(m, "type", &set->type);

	for (size_t i = 0; type != NULL && i < set->types.n; i++)
		if (strcasecmp(type, set->types.v[i]) == 0)
			return true;
	return set->types.n == 0;
}

/* 9, 9.0, "9"; -1 = none.  What stands there and is no such number is told. */
static int
score_of(const struct rest_answers *set, struct map *m,
    struct listing_row *row)
{
	const char *text = map_text(m, "score", &set->score);
	double score;

	if (text == NULL || set->score_max != BEST_SCORE ||
	    !is_of_type(set, m))
		return -1;
	if (num_parse_double(text, 0, BEST_SCORE, &score) &&
	    trunc(score) >= score)
		return (int)score;
	(void)snprintf(row->reason, sizeof(row->reason),
	    "score: expected a whole number from 0 to 10");
	return -1;
}

static void
answer_person(const struct rest_answers *set, struct map *m,
    struct survey_answer *a)
{
	a->ref = map_text(m, "ref", &set->ref);
	a->remote_id = map_text(m, "remote_id", &set->remote_id);
	a->anonymised = map_flag(m, "anonymised", &set->anonymised) == TRI_YES;
	a->opted_out = map_flag(m, "opted_out", &set->opted_out) == TRI_YES;
	a->wants_contact =
	    map_flag(m, "wants_contact", &set->wants_contact) == TRI_YES;
	/* Nobody is behind such a row any more: no address, no card. */
	if (a->anonymised)
		return;
	a->contact_id = map_text(m, "contact_id", &set->contact_id);
	a->email = map_text(m, "email", &set->email);
	a->phone = map_text(m, "phone", &set->phone);
}

static bool
answer_map(const struct rest_survey *s, const struct rest_answers *set,
    struct listing_row *row, struct survey_answer *a)
{
	struct map m = map_of(s, &set->maps, row);

	*a = (struct survey_answer){ .answer_id = row->id, .score = -1,
		.campaign_id = map_text(&m, "campaign_id", &set->campaign_id),
		.campaign = map_text(&m, "campaign", &set->campaign),
		.comment = map_text(&m, "comment", &set->comment),
		.answered_at = map_time(&m, "answered_at", &set->answered_at,
		    NULL),
		.changed_at = map_time(&m, "changed_at", &set->changed_at,
		    NULL) };
	if (a->changed_at == NO_TIME || a->changed_at < a->answered_at)
		a->changed_at = a->answered_at;
	answer_person(set, &m, a);
	if (row->id == NULL)
		(void)map_refuse(&m, "id", "a number or a text");
	if (!is_readable(&m, row))
		return false;
	a->score = score_of(set, &m, row);
	return true;
}

struct answer_sink {
	struct rest_survey *s;
	survey_answer_fn *emit;
	void *arg;
};

static bool
answer_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct answer_sink *to = arg;
	struct survey_answer a;

	return !answer_map(to->s, l->of, row, &a) || to->emit(to->arg, &a) ||
	    stopped(l, err);
}

bool
rest_pull_answers(void *self, const struct pull *pull, survey_answer_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct rest_survey *s = self;
	struct answer_sink to = { .s = s, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .row = answer_row, .arg = &to,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	struct survey_listing l;

	answers_listing(s, &l);
	if (!rest_listing_given(l.listing.set))
		return lacks(s, "answers", "none comes back", err);
	return listing_read(&s->rest, &l.listing, 1, pull, &sink, err);
}

/* ---- opt-outs ------------------------------------------------------------------- */
static void
optouts_listing(const struct rest_survey *s, struct survey_listing *out)
{
	const struct rest_optouts *set = &survey_part(s)->optouts;

	*out = (struct survey_listing){
		.listing = { .name = "optouts", .where = "optouts.read",
		    .set = &set->read, .of = set },
		.fields = { FIELD(set, email), FIELD(set, phone),
		    FIELD(set, at) } };
	out->listing.fields = out->fields;
}

struct optout_sink {
	struct rest_survey *s;
	survey_optout_fn *emit;
	void *arg;
};

/* All of a page: a row that the listing cannot read for its time or id is an
 * opt-out too. */
static bool
optout_page(void *arg, const struct listing *l, json_t *rows, struct err *err)
{
	const struct optout_sink *to = arg;
	const struct rest_optouts *set = l->of;
	struct map m = { .maps = &set->maps, .zone = to->s->rest.zone,
		.arena = to->s->rest.page };
	size_t i;

	json_array_foreach (rows, i, m.row) {
		const char *email = map_text(&m, "email", &set->email);
		const char *phone = map_text(&m, "phone", &set->phone);
		const time_t at = map_time(&m, "at", &set->at, NULL);
		if ((email != NULL || phone != NULL) &&
		    !to->emit(to->arg, email, phone, at))
			return stopped(l, err);
	}
	return true;
}

static bool
optout_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct optout_sink *to = arg;
	const struct rest_optouts *set = l->of;
	struct map m = map_of(to->s, &set->maps, row);

	(void)err;
	if (map_text(&m, "email", &set->email) == NULL &&
	    map_text(&m, "phone", &set->phone) == NULL)
		(void)map_refuse(&m, "email", "an address or a number");
	(void)is_readable(&m, row);
	return true;
}

bool
rest_pull_optouts(void *self, const struct pull *pull, survey_optout_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct rest_survey *s = self;
	struct optout_sink to = { .s = s, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .page = optout_page,
		.row = optout_row, .arg = &to,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	struct survey_listing l;

	optouts_listing(s, &l);
	if (!rest_listing_given(l.listing.set))
		return lacks(s, "opt-outs", "they come with the answers only",
		    err);
	return listing_read(&s->rest, &l.listing, 1, pull, &sink, err);
}

/* ---- at open -------------------------------------------------------------------- */
static bool
check_one(const struct rest_survey *s,
    void (*make)(const struct rest_survey *, struct survey_listing *),
    bool with_id, struct err *err)
{
	struct survey_listing l;

	make(s, &l);
	if (!rest_listing_given(l.listing.set))
		return true;
	if (with_id && !select_any(&l.listing.set->id))
		return err_set(err, ERR_CONFIG, "profile %s: %s.id: expected "
		    "where a row's id stands", rest_at(&s->rest,
		    l.listing.where), l.listing.where);
	return listing_check(&s->rest, &l.listing, NULL, err);
}

/* A row of ours that shows neither would prove that we never sent. */
static bool
check_sent(const struct rest_survey *s, struct err *err)
{
	const struct rest_sent *set = &survey_part(s)->sent;

	if (!rest_listing_given(&set->read) ||
	    (select_any(&set->ref) && select_any(&set->campaign_id)))
		return true;
	return err_set(err, ERR_CONFIG, "profile %s: sent: expected ref and "
	    "campaign_id, without which a send of ours would be called absent",
	    rest_at(&s->rest, "sent"));
}

bool
rest_lists_check(const struct rest_survey *s, struct err *err)
{
	return check_sent(s, err) &&
	    check_one(s, campaigns_listing, true, err) &&
	    check_one(s, survey_sent_listing, true, err) &&
	    check_one(s, answers_listing, true, err) &&
	    check_one(s, optouts_listing, false, err);
}
