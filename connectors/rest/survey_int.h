/*
 * survey_int.h - inside of the survey side of the driver.
 */
#ifndef REST_SURVEY_INT_H
#define REST_SURVEY_INT_H

#include "profile.h"

struct rest_survey {
	struct rest rest;
	const struct rest_survey_settings *set;
};
static inline const struct rest_survey_part *
survey_part(const struct rest_survey *s)
{
	return &s->set->profile.part;
}

extern const enum push_outcome rest_means[];	/* by rest_result.means */

/* ---- survey_push.c --------------------------------------------------------- */
/* At open: {ref} goes out with each send, and the holes are known. */
NPS_MUSTCHECK bool rest_send_check(const struct rest_survey *s,
    struct err *err);
NPS_MUSTCHECK bool rest_push_request(void *self, const struct respondent *r,
    struct http_req *req, struct err *err);

/* ---- survey_result.c ------------------------------------------------------- */
NPS_MUSTCHECK bool rest_push_result(void *self, const struct http_res *res,
    struct push_result *result, struct err *err);

/* ---- survey_lists.c -------------------------------------------------------- */
NPS_MUSTCHECK bool rest_lists_check(const struct rest_survey *s,
    struct err *err);
NPS_MUSTCHECK bool rest_list_campaigns(void *self, survey_campaign_fn *emit,
    void *arg, struct err *err);
NPS_MUSTCHECK bool rest_pull_sent(void *self, const struct pull *pull,
    survey_sent_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool rest_pull_answers(void *self, const struct pull *pull,
    survey_answer_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool rest_pull_optouts(void *self, const struct pull *pull,
    survey_optout_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
/* One listing as listing.h takes it. */
struct survey_listing {
	struct listing listing;
	struct map_field fields[16];
};
void survey_sent_listing(const struct rest_survey *s,
    struct survey_listing *out);
/* False: row->reason says what was expected. */
NPS_MUSTCHECK bool survey_sent_map(const struct rest_survey *s,
    const struct listing *l, struct listing_row *row, struct sent *out);

/* ---- survey_find.c --------------------------------------------------------- */
NPS_MUSTCHECK bool rest_find_sent(void *self, const struct sent *wanted,
    size_t n, enum find_answer *answers, struct push_result *found,
    struct err *err);

/* ---- survey_person.c ------------------------------------------------------- */
NPS_MUSTCHECK bool rest_person_check(const struct rest_survey *s,
    struct err *err);
NPS_MUSTCHECK bool rest_do_not_contact(void *self, const char *email,
    const char *phone, struct put_result *result, struct err *err);
NPS_MUSTCHECK bool rest_erase_person(void *self, const char *email,
    const char *phone, struct put_result *result, struct err *err);

#endif
