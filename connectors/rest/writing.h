/*
 * writing.h - what a profile says of writing back: tags, fields, answer, feed,
 * task; and the functions that do it, which crm.c puts into its table.
 */
#ifndef REST_WRITING_H
#define REST_WRITING_H

#include "call.h"
#include "reading.h"

/* LIST, TEXT: read the card, write all of it back, or what comes and goes.
 * CALLS: a call for each tag that comes or goes. */
enum rest_tag_style { REST_TAGS_NONE, REST_TAGS_LIST, REST_TAGS_TEXT,
	REST_TAGS_CALLS };
struct rest_tags {
	int style;			/* enum rest_tag_style */
	struct rest_request read, write, add, update, remove, create;
	struct strlist at;		/* the tags in the card that was read */
	struct strlist id, name;	/* of a tag that is an object */
	struct strlist version;		/* for {version} */
	struct strlist created;		/* id in the answer of create */
	bool ids;			/* plain elements are ids, not names */
	bool etag, verify;
	const char *separator;		/* style text */
	int at_most;			/* tags in one answer; 0 = any number */
	struct rest_names names;	/* all tags there are */
};
/* A card's fields, an answer, a post, a task. */
struct rest_put {
	struct rest_request request;
	struct strlist remote_id;	/* in the answer */
	struct strlist numbers;		/* names of fields that go as numbers */
	bool empty_as_null;		/* a field that is emptied: null, not "" */
};
struct rest_writing {
	struct rest_tags tags;
	struct rest_put fields, answer, feed, task;
};
extern const struct opt rest_tags_opts[], rest_put_opts[];
#define REST_PUT_ROW(at_, member_, text_) \
	{ .name = #member_, .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_writing, member_), \
	    .sub = rest_put_opts, .help = text_ }
/* Rows of the profile's table; at = offset of the struct there. */
#define REST_WRITING_ROWS(at_) \
	{ .name = "tags", .type = OPT_GROUP, \
	    .offset = (at_) + offsetof(struct rest_writing, tags), \
	    .sub = rest_tags_opts, .help = "how the score goes onto a card" }, \
	REST_PUT_ROW(at_, fields, "fields of a card (writeback.fields)"), \
	REST_PUT_ROW(at_, answer, "an answer, found again by {ref}"), \
	REST_PUT_ROW(at_, feed, "a post on a card"), \
	REST_PUT_ROW(at_, task, "a task"),

/* ---- at work -------------------------------------------------------------- */
struct rest_crm;			/* crm.h */

/* At open, after rest_open: checks what the profile says and makes c->writer.
 * No I/O. */
NPS_MUSTCHECK bool rest_writer_open(struct rest_crm *c, struct err *err);
void rest_writer_close(struct rest_crm *c);	/* half-open, too */
/* Takes out of a copy what the profile does not write. */
void rest_writing_narrow(const struct rest_writing *set,
    struct crm_connector *copy);
/* Members of struct crm_connector; self = struct rest_crm.  tags_max and
 * effects_max are 1.  ensure_tags with n = 0 reads what tags there are. */
NPS_MUSTCHECK bool rest_ensure_tags(void *self, const char *const *tags,
    size_t n, struct err *err);
NPS_MUSTCHECK bool rest_tags_request(void *self,
    const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err);
NPS_MUSTCHECK bool rest_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err);
NPS_MUSTCHECK bool rest_put_fields(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool rest_put_answer(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool rest_post_feed(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool rest_put_task(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);

#endif
