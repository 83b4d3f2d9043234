/*
 * connector.h - what a connector must provide, and what it may rely on.
 * Ownership: everything a function RECEIVES is borrowed for the call; what it
 * hands to an emit callback is borrowed by the core until that returns; what it
 * writes into struct http_req or a result lives in env->scratch.  Nothing
 * crosses this border owned.
 * A function returning bool returns true on success; on false it filled *err.
 * A connector never logs what it returns, sleeps, retries, exits or opens a
 * socket.  What no capability bit promises is NULL; texts are UTF-8.
 */
#ifndef NPSYNC_CONNECTOR_H
#define NPSYNC_CONNECTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "err.h"	/* struct err, NPS_MUSTCHECK */
#include "http.h"	/* struct http_req, http_res: plain data, no curl */
#include "clock.h"	/* NO_TIME, NO_DAY: days are YYYYMMDD, local to the CRM */
#define CONNECTOR_API 7
struct arena; struct http;

/* ---- options: declared, so that the core checks, fills and documents ---- */
enum opt_type { OPT_STR, OPT_SECRET, OPT_URL, OPT_PATH, OPT_INT, OPT_FLOAT,
	OPT_BOOL, OPT_SECONDS, OPT_CHOICE, OPT_STRLIST, OPT_INTLIST,
	OPT_GROUP, OPT_GROUPLIST, OPT_PROFILE };
struct strlist { const char *const *v; size_t n; };
struct intlist { const int64_t *v; size_t n; };
struct grouplist { const void *v; size_t n; };	/* n structs of .size bytes */
struct opt {
	const char *name;	/* key in the libconfig group */
	enum opt_type type;
	size_t offset;		/* into the settings struct, or the group's */
	const char *def;	/* as written in the file; NULL = required */
	double min, max;	/* INT, FLOAT, SECONDS; both 0 = unbounded */
	const char *const *choices;	/* CHOICE; ends with NULL; PROFILE: folder */
	const struct opt *sub;	/* GROUP, GROUPLIST, PROFILE; ends: .name == NULL */
	size_t size;		/* of one struct of a GROUPLIST, of a PROFILE's */
	const char *help;	/* one line; `npsync options` prints it */
	/* Texts, each of a list of texts: what else must hold.  May be NULL. */
	bool (*check)(const char *text, struct err *err);
};
/* A PROFILE's struct begins with what options.c found: the name as given, the
 * file as messages call it. */
struct opt_profile {
	const char *name, *file;
	/* Where its keys stand, "FILE:LINE"; ends with .key == NULL.  The groups of
	 * a list go by their `name`, else by their number: "events.deals.contact",
	 * "errors[0].at".  May be NULL. */
	const struct opt_place { const char *key, *at; } *places;
};

/* ---- what the core lends --------------------------------------------- */
struct connector_env {
	const char *instance;	    /* name in the configuration file */
	const void *settings;	    /* filled from the opt table */
	const char *timezone;	    /* the tenant's; never NULL */
	struct http *http;	    /* blocking calls: limits, retry, redaction;
				     * http_pause() where a job is waited for */
	struct arena *scratch;	    /* emptied by the core after each emit */
	time_t (*now)(void *clock); /* tests own the clock */
	void *clock;
	bool (*cancelled)(void);    /* poll it between pages */
	/* A record that cannot be read: the core keeps it with source ("deals.csv"),
	 * line (0 = none), key (may be NULL) and reason (no personal data, names
	 * what was expected); the connector goes on.
	 * A record that is emitted all the same is told of after that. */
	void (*quarantine)(void *arg, const char *source, long line,
	    const char *key, const char *reason);
	/* A record that is none of ours by what the settings say of it: counted,
	 * so that a word too many does not go unnoticed.  May be NULL. */
	void (*skipped)(void *quarantine_arg);
	void *quarantine_arg;
};
enum stream_flag { STREAM_SORTED = 1u << 0, /* ascending by its watermark: it
				 * may move per page; else only when the pass ends */
	STREAM_WHOLE = 1u << 1 };	/* no change stamp: read whole each time */
struct connector_info {
	int api;		/* CONNECTOR_API */
	const char *name, *summary;
	const struct opt *opts;
	size_t settings_size;
	uint32_t caps, sorted, whole;	/* sorted, whole: bits of the streams' caps */
	/* A CRM's: requests go through env->http, so that its group takes the
	 * engine's options too (conf.h: struct conf_http). */
	bool http;
};

/* ---- streams ----------------------------------------------------------- */
/* watermark: text as the last finished pass left it, NULL = from `from`;
 * resume: text of the last checkpoint of a broken pass, else NULL. */
struct pull {
	const char *watermark, *resume;
	time_t from, until;
	/* How late a record may come, how young one may be (watermark.h). */
	long overlap_s, lag_s;
	/* A look back: from `from` to where the pass after `watermark` begins,
	 * no resume; the core keeps the cursor as it is. */
	bool sweep;
};
/* Called after each complete page; what was emitted before it is kept.
 * resume = where to go on; watermark = where the next pass may begin, on the
 * last page, or on any page of a sorted stream; else NULL. */
typedef bool checkpoint_fn(void *arg, const char *resume, const char *watermark);
/* A WHOLE stream emits everything each time; its watermark is never read back,
 * but the last page must give one (any text): it ends the pass. */
/* Emit callbacks: false = stop; the connector then returns ERR_CANCELLED. */
struct person_name { const char *full, *first, *last; };	/* any may be NULL */

/* ---- CRM side ---------------------------------------------------------- */
enum crm_cap {
	CRM_CAP_EVENTS = 1u << 0, CRM_CAP_ACTIVITIES = 1u << 1,
	CRM_CAP_CONTACTS = 1u << 2, /* changed since */
	CRM_CAP_FIND = 1u << 3, CRM_CAP_VALUES = 1u << 4,
	CRM_CAP_ENSURE_TAGS = 1u << 5, CRM_CAP_TAGS = 1u << 6,
	CRM_CAP_FIELDS = 1u << 7, CRM_CAP_ANSWERS = 1u << 8,
	CRM_CAP_FEED = 1u << 9, CRM_CAP_TASKS = 1u << 10,
	CRM_CAP_CARD_LINK = 1u << 11	/* struct crm_contact.link is filled */
};
struct crm_event {
	const char *trigger;	/* code: "meet", "sale", ... or any configured */
	const char *event_id;	/* stable in the CRM: part of the queue's key */
	const char *contact_id;	/* NULL = the event names nobody: no_contact */
	const char *category, *stage;	/* facts for the filters; may be NULL */
	const char *employee_id;	/* who held, sold, answered */
	time_t occurred_at;	/* of the thing itself */
	time_t transition_at;	/* of its closing, if the CRM knows; NO_TIME */
	bool automatic;		/* closed by the CRM, not by a person */
};
enum act_kind { ACT_MEETING, ACT_PHONE, ACT_MAIL, ACT_OTHER };
struct crm_activity {
	const char *contact_id, *activity_id;
	enum act_kind kind;
	int day;		/* YYYYMMDD */
	bool done;		/* completed; else planned: day may lie ahead */
	bool cancelled;		/* was planned, will not be */
};
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };
struct crm_contact {
	const char *contact_id;	/* what was asked for ... */
	const char *moved_to;	/* ... and the survivor of a merge, or NULL */
	bool gone, anonymised;
	struct person_name name;
	const char *email, *phone, *mobile;	/* NULL = none */
	const char *language, *country;	/* BCP 47, ISO 3166; may be NULL */
	const char *company_id, *company, *relation, *segment, *department;
	const char *owner_id, *owner_name, *owner_email;	/* account manager */
	const char *link;	/* opens the card in the CRM */
	enum tri employed, consent;
	time_t consent_at;	/* NO_TIME */
	bool opted_out;		/* the CRM's own flag: no surveys, no mail */
	const char *opted_out_by;	/* which flag, for a person; may be NULL */
	const char *const *tags, *const *company_tags;	/* end with NULL */
	const char *const (*extra)[2];	/* mapped fields; ends with {NULL,NULL} */
};
enum value_kind { VAL_CATEGORY, VAL_RELATION, VAL_STAGE, VAL_OWNER, VAL_TAG, VAL_FIELD };
struct crm_tag_write {
	const char *contact_id;
	const char *prefix;	/* "NPSToday.Møde.": replaces any so begun ...; NULL */
	const char *old;	/* ... and this one tag ... */
	const char *value;	/* "NPSToday.Møde.9"; NULL = remove */
	const char *old_prefix;	/* ... and any so begun (campaign renamed) */
};			/* common/tagset.h makes of it what a card carries after */
enum put_outcome { PUT_DONE, PUT_UNCHANGED, PUT_GONE, PUT_REJECTED, PUT_CONFLICT,
	PUT_AGAIN, PUT_UNKNOWN,	/* CONFLICT: somebody else wrote: read again */
	PUT_DENIED };		/* not done: we have no right to this record; the
				 * core goes on with others, and tries it again */
struct put_result { enum put_outcome outcome; char remote_id[64], reason[128]; };
/* Fields: the CRM's names; "" empties one.  Answer: subject = campaign, text =
 * comment or NULL, fields = answered_at, score, type, campaign_id, member_id,
 * wants_contact.  Feed: text.  Task: employee (NULL = whom the CRM takes),
 * subject, text or NULL, day. */
struct crm_effect {
	const char *ref;	/* ours; idempotent kinds use it as external id */
	const char *contact_id, *employee_id, *subject, *text;
	const char *const (*fields)[2];	/* ends with {NULL,NULL} */
	int day;		/* a task's, an answer's; NO_DAY */
};
/* What an administrator makes on the other side before npsync may write there:
 * the core says what it will write, the connector what is there for it. */
enum crm_field_kind { FIELD_TEXT, FIELD_LONG_TEXT, FIELD_INTEGER, FIELD_DECIMAL,
	FIELD_DATE };
struct crm_field { const char *name; enum crm_field_kind kind; };
struct crm_setup {
	bool fix;		/* make what is missing; else nothing is written */
	bool tags, answers, feed, tasks;	/* written here */
	const struct crm_field *fields;	/* of put_fields */
	size_t n_fields;
	size_t comment_max;	/* characters of a FIELD_LONG_TEXT */
};
enum setup_state { SETUP_OK, SETUP_MISSING, SETUP_MADE, SETUP_CANNOT_SAY };
typedef bool crm_event_fn(void *arg, const struct crm_event *ev);
typedef bool crm_activity_fn(void *arg, const struct crm_activity *act);
typedef bool crm_contact_fn(void *arg, const struct crm_contact *c);
typedef bool crm_value_fn(void *arg, const char *id, const char *label, long count);
/* what: the thing, for a person; advice: what to do about it, NULL when OK. */
typedef bool crm_setup_fn(void *arg, const char *what, enum setup_state,
    const char *advice);
#define CRM_PULL(member, emit_fn) NPS_MUSTCHECK bool (*member)(void *self, \
	const struct pull *, emit_fn *, checkpoint_fn *, void *arg, struct err *)
/* n <= effects_max.  False: what the connector left in the results counts; the
 * core has set them to PUT_UNKNOWN before. */
#define CRM_PUT(member) NPS_MUSTCHECK bool (*member)(void *self, \
	const struct crm_effect *, size_t n, struct put_result *, struct err *)
#define CONNECTOR_COMMON struct connector_info info; \
	NPS_MUSTCHECK bool (*open)(const struct connector_env *, void **self, struct err *); \
	void (*close)(void *self);	/* accepts a half-open self */ \
	/* one cheap read that proves address, credentials, scopes; never a write */ \
	NPS_MUSTCHECK bool (*check)(void *self, struct err *); \
	/* new token after a 401, once, no other transfer in flight; NULL = static */ \
	NPS_MUSTCHECK bool (*renew)(void *self, struct err *)
struct crm_connector {
	CONNECTOR_COMMON;
	/* Takes out of a copy what these settings do not offer: capabilities with
	 * their functions; sets whole and sorted.  NULL = always all of it. */
	void (*narrow)(const void *settings, struct crm_connector *copy);
	/* What these settings leave out that a person must know, the i-th line, for
	 * `npsync check`; NULL beyond the last.  May be NULL. */
	const char *(*lacks)(const void *settings, size_t i);
	/* Each thing once, in the order in which one makes them; after check.  A
	 * thing that is missing is no error; with fix one that cannot be made from
	 * here stays missing, and its advice says so.  May be NULL. */
	NPS_MUSTCHECK bool (*setup)(void *self, const struct crm_setup *wants,
	    crm_setup_fn *emit, void *arg, struct err *err);
	/* Filters nothing.  The first pass, without a watermark, is of all that is
	 * closed: the core keeps its keys and asks nobody. */
	CRM_PULL(pull_events, crm_event_fn);
	CRM_PULL(pull_activities, crm_activity_fn);
	CRM_PULL(pull_contacts, crm_contact_fn);
	/* Facts by id. An id that is gone is emitted with .gone set. */
	NPS_MUSTCHECK bool (*load_contacts)(void *self, const char *const *ids,
	    size_t n, crm_contact_fn *emit, void *arg, struct err *);
	/* Every card that carries the address: one, several or none. */
	NPS_MUSTCHECK bool (*find_contact)(void *self, const char *email,
	    crm_contact_fn *emit, void *arg, struct err *);
	NPS_MUSTCHECK bool (*list_values)(void *self, enum value_kind,
	    crm_value_fn *emit, void *arg, struct err *);
	/* Choices that must exist before use; existing ones stay.  n = 0: a time to
	 * read them, before tags_request. */
	NPS_MUSTCHECK bool (*ensure_tags)(void *self, const char *const *tags,
	    size_t n, struct err *);
	/* Tags of up to tags_max cards, none of them twice: two pure functions,
	 * driven by the core.  step counts from 0 (read, write, ...), before = the
	 * answer to the step before; false + ERR_DONE = no more, and tags_result
	 * gets that answer at once.  ERR_GONE, ERR_REJECTED: this card.  401, 408,
	 * 425, 429 and 5xx never come here: the core begins again at step 0, so a
	 * write must say of which reading it goes out (If-Match), or not matter
	 * twice. */
	size_t tags_max;
	NPS_MUSTCHECK bool (*tags_request)(void *self, const struct crm_tag_write *,
	    size_t n, int step, const struct http_res *before, struct http_req *,
	    struct err *);
	NPS_MUSTCHECK bool (*tags_result)(void *self, const struct http_res *,
	    struct put_result *results, size_t n, struct err *);
	/* Instead of the two, where tags are not written by HTTP (files): blocking,
	 * all n at once, idempotent: a repeat after a crash doubles nothing.
	 * ERR_DONE: the configuration asks for no tags. */
	NPS_MUSTCHECK bool (*put_tags)(void *self, const struct crm_tag_write *,
	    size_t n, struct put_result *results, struct err *);
	size_t effects_max;	/* of one call below; 0 = 1 */
	size_t once_max;	/* of post_feed, put_task: what a crash leaves
				 * unknown; 0 = effects_max */
	CRM_PUT(put_fields);	/* idempotent */
	CRM_PUT(put_answer);	/* idempotent: upsert by ref */
	CRM_PUT(post_feed);	/* at most once */
	CRM_PUT(put_task);	/* at most once */
};

/* ---- survey side ------------------------------------------------------- */
enum survey_cap {
	SURVEY_CAP_SCHEDULES = 1u << 0,	/* takes send_at; without it (and for SMS)
					 * the core pushes in the hour of send.at */
	SURVEY_CAP_CAMPAIGNS = 1u << 1, SURVEY_CAP_FIND = 1u << 2,
	SURVEY_CAP_SENT = 1u << 3, SURVEY_CAP_ANSWERS = 1u << 4,
	SURVEY_CAP_OPTOUTS = 1u << 5, SURVEY_CAP_DO_NOT_CONTACT = 1u << 6,
	SURVEY_CAP_ERASE = 1u << 7,
	SURVEY_CAP_IDEMPOTENT = 1u << 8	/* proven: a seen ref is a no-op */
};
struct employee { const char *id, *name, *email, *department; };
struct respondent {
	const char *ref;	/* client_ref of the queue row: one for its life */
	const char *campaign_id, *trigger;
	const char *email, *phone;	/* phone in E.164; NULL = none */
	struct person_name name;
	const char *contact_id;	/* "instance:id", the CRM card */
	const char *language, *country, *company, *company_id, *segment, *department;
	struct employee employee;	/* account manager or owner of the event */
	time_t send_at;		/* NO_TIME = at once */
	const char *const (*extra)[2];	/* survey.fields; ends with {NULL,NULL} */
};
enum push_outcome {
	PUSH_ACCEPTED,		/* remote_id set */
	PUSH_ACCEPTED_NO_ID,	/* sent, id pending */
	PUSH_DUPLICATE,		/* there already; remote_id if told */
	PUSH_SUPPRESSED,	/* taken or refused by a rule of the service: not sent */
	PUSH_OPTED_OUT,		/* not sent, and an opt-out to record */
	PUSH_REJECTED,		/* this row is bad: never again */
	PUSH_AGAIN,		/* proven not applied: safe to repeat */
	PUSH_UNKNOWN,		/* may have arrived: never repeated blindly */
	PUSH_SESSION,		/* not applied: renew(), once, then again */
	PUSH_STOP		/* credentials, configuration, campaign gone: stop */
};
struct push_result {
	enum push_outcome outcome;
	long retry_after_s;	/* PUSH_AGAIN; 0 = the core's back-off */
	char remote_id[64], reason[128]; /* reason: for people; no personal data */
};
struct sent {			/* a respondent as the service lists it */
	const char *remote_id, *ref, *campaign_id, *email, *phone, *contact_id;
	time_t created_at, mailed_at;	/* NO_TIME */
	bool suppressed;
};
enum find_answer { FIND_FOUND,	/* by our reference */
	FIND_MATCHED,		/* by person, campaign and time: may be another's */
	FIND_ABSENT,		/* in this complete listing, which held a newer one */
	FIND_CANNOT_SAY };
struct survey_answer {
	const char *answer_id;	/* stable: answers are upserted by it */
	const char *ref, *remote_id, *contact_id;	/* what came back; or NULL */
	const char *email, *phone, *campaign_id, *campaign, *comment;
	int score;		/* 0-10; -1 = none: counted, no tag */
	time_t answered_at, changed_at;	/* changed: comment later, re-rated */
	bool opted_out, anonymised, wants_contact;
};
typedef bool survey_campaign_fn(void *arg, const char *id, const char *name);
typedef bool survey_sent_fn(void *arg, const struct sent *s);
typedef bool survey_answer_fn(void *arg, const struct survey_answer *a);
typedef bool survey_optout_fn(void *arg, const char *email, const char *phone, time_t at);
struct survey_connector {
	CONNECTOR_COMMON;
	void (*narrow)(const void *settings, struct survey_connector *copy);
	const char *(*lacks)(const void *settings, size_t i);
	NPS_MUSTCHECK bool (*list_campaigns)(void *self, survey_campaign_fn *emit,
	    void *arg, struct err *);
	/* Pure: no I/O. The push stage alone drives the transfers; it asks
	 * push_result only for a complete response, other phases are its own. */
	NPS_MUSTCHECK bool (*push_request)(void *self, const struct respondent *,
	    struct http_req *, struct err *);
	NPS_MUSTCHECK bool (*push_result)(void *self, const struct http_res *,
	    struct push_result *, struct err *);
	/* One read after PUSH_OPTED_OUT, where that may mean less: two pure functions,
	 * driven in the same way.  PUSH_OPTED_OUT, PUSH_SUPPRESSED; without a complete
	 * answer, or with anything else, nobody can say: the row waits for the next
	 * night, which asks anew, and people are told.  Both or none. */
	NPS_MUSTCHECK bool (*confirm_request)(void *self,
	    const struct respondent *, struct http_req *, struct err *);
	NPS_MUSTCHECK bool (*confirm_result)(void *self,
	    const struct respondent *, const struct http_res *,
	    struct push_result *, struct err *);
	/* One listing for all n; answers[i] belongs to wanted[i]. */
	NPS_MUSTCHECK bool (*find_sent)(void *self, const struct sent *wanted,
	    size_t n, enum find_answer *answers, struct push_result *found,
	    struct err *);
	CRM_PULL(pull_sent, survey_sent_fn);
	CRM_PULL(pull_answers, survey_answer_fn);
	CRM_PULL(pull_optouts, survey_optout_fn);
	NPS_MUSTCHECK bool (*set_do_not_contact)(void *self, const char *email,
	    const char *phone, struct put_result *, struct err *);
	NPS_MUSTCHECK bool (*erase)(void *self, const char *email, const char *phone,
	    struct put_result *, struct err *);
};
#undef CRM_PULL
#undef CRM_PUT
#undef CONNECTOR_COMMON
/* Made by the Makefile from the folders under connectors/; NULL-ended. */
extern const struct crm_connector *const crm_connectors[];
extern const struct survey_connector *const survey_connectors[];
#endif
