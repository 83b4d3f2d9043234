/*
 * survey.h - what a profile says of a survey service: campaigns, the send, what
 * was sent, answers, opt-outs, and what is deleted there.
 */
#ifndef REST_SURVEY_H
#define REST_SURVEY_H

#include "call.h"
#include "reading.h"

enum rest_channel { REST_EMAIL, REST_SMS, REST_ANY };
/* A line of send.results; the first that fits says what an answer means. */
struct rest_result {
	struct intlist status;		/* empty = 2xx */
	const char *at, *text;		/* paths into the answer; "" = none */
	struct strlist equals, contains;
	int means;			/* place in rest_means[] */
};
struct rest_send {
	struct rest_request request;
	int channel;			/* enum rest_channel */
	struct strlist remote_id;
	struct grouplist results;	/* struct rest_result */
	bool idempotent;		/* proven: a {ref} sent twice is one send */
	bool page_is_unknown;		/* HTML instead of an answer */
};
struct rest_sent {			/* its id: read.id */
	struct rest_listing read;
	struct rest_maps maps;
	struct strlist ref, campaign_id, email, phone, contact_id, created_at,
	    mailed_at, suppressed;
	bool ref_is_ours;		/* nobody else writes where ref stands */
	int settle_min;
};
struct rest_answers {
	struct rest_listing read;
	struct rest_maps maps;
	struct strlist ref, remote_id, contact_id, email, phone, campaign_id,
	    campaign, score, comment, answered_at, changed_at, opted_out,
	    anonymised, wants_contact;
	struct strlist type, types;	/* of the question; which ones are NPS */
	int score_max;			/* 10, or there is no tag */
};
struct rest_optouts {
	struct rest_listing read;
	struct rest_maps maps;
	struct strlist email, phone, at;
};
struct rest_erase {
	struct rest_request find, request;
	struct strlist id, email, phone;	/* in a row of find */
};
struct rest_person {
	struct rest_request request;
};
struct rest_survey_part {
	struct rest_request check;
	struct rest_names campaigns;
	struct rest_send send;
	struct rest_sent sent;
	struct rest_answers answers;
	struct rest_optouts optouts;
	struct rest_person do_not_contact;
	struct rest_erase erase;
};
extern const struct opt rest_campaigns_opts[], rest_send_opts[],
    rest_sent_opts[], rest_answers_opts[], rest_optouts_opts[],
    rest_person_opts[], rest_erase_opts[];
#define REST_SURVEY_ROW(at_, member_, table_, text_) \
	{ .name = #member_, .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_survey_part, member_), \
	    .sub = table_, .help = text_ }
/* Rows of the profile's table; at = offset of the struct there. */
#define REST_SURVEY_ROWS(at_) \
	REST_SURVEY_ROW(at_, check, rest_request_opts, \
	    "one cheap read that proves address and credentials"), \
	REST_SURVEY_ROW(at_, campaigns, rest_campaigns_opts, \
	    "list of campaigns"), \
	REST_SURVEY_ROW(at_, send, rest_send_opts, "asking a person"), \
	REST_SURVEY_ROW(at_, sent, rest_sent_opts, \
	    "sends as the service lists them"), \
	REST_SURVEY_ROW(at_, answers, rest_answers_opts, "answers"), \
	REST_SURVEY_ROW(at_, optouts, rest_optouts_opts, \
	    "who declined to be asked"), \
	REST_SURVEY_ROW(at_, do_not_contact, rest_person_opts, \
	    "tells the service that a person is not to be asked"), \
	REST_SURVEY_ROW(at_, erase, rest_erase_opts, "deletes a person"),

#endif
