/*
 * Anything not listed is unknown, and unknown is never repeated blindly.
 */
#include "outcome.h"

#include "json.h"

#define NOT_SENT (1u << HTTP_NOT_SENT)
#define PARTLY (1u << HTTP_PARTLY_SENT)
#define SENT (1u << HTTP_SENT)
#define CUT (1u << HTTP_ANSWER_CUT)
#define COMPLETE (1u << HTTP_COMPLETE)
#define ANSWERED (CUT | COMPLETE)
#define ALL (NOT_SENT | PARTLY | SENT | ANSWERED)

/* CURLcodes that mean an operator's mistake when nothing left.  Numbers,
 * because curl.h stays with the engine: protocol not allowed, malformed
 * address, client certificate, cipher, peer or host key not verified, engine,
 * login, CA file, issuer, pinned key, OCSP. */
static const int setup_codes[] = { 1, 3, 58, 59, 60, 66, 67, 77, 83, 90, 91 };
/* Of a file: access denied, not there. */
static const int final_codes[] = { 9, 78 };

/* A cut answer of a read is asked for again, whatever its status. */
const struct outcome outcome_table[] = {
	{ NOT_SENT, OUTCOME_SETUP_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_MISCONFIGURED, false, false },
	{ NOT_SENT, OUTCOME_ANY_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_SAFE, true, false },
	{ PARTLY, OUTCOME_FINAL_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_SAFE, false, false },
	{ PARTLY, OUTCOME_ANY_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_SAFE, true, false },
	{ SENT, OUTCOME_FINAL_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_UNKNOWN, false, false },
	{ SENT, OUTCOME_ANY_CODE, 0, 999, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_UNKNOWN, true, false },
#define STATUS(phases, from, to, class, transient) \
	{ phases, OUTCOME_ANY_CODE, from, to, OUTCOME_ANY_BODY, \
	    OUTCOME_ANY_SENT, class, transient, false }
	{ COMPLETE, OUTCOME_ANY_CODE, 200, 299, OUTCOME_JSON,
	    OUTCOME_ANY_SENT, HTTP_DONE, false, false },
	STATUS(COMPLETE, 200, 299, HTTP_DONE_NO_BODY, false),
	STATUS(CUT, 200, 299, HTTP_DONE_NO_BODY, true),
	STATUS(COMPLETE, 300, 399, HTTP_MISCONFIGURED, false),
	STATUS(CUT, 300, 399, HTTP_MISCONFIGURED, true),
	STATUS(COMPLETE, 401, 403, HTTP_AUTH, false),
	STATUS(CUT, 401, 403, HTTP_AUTH, true),
	STATUS(COMPLETE, 400, 406, HTTP_PERMANENT, false),
	STATUS(CUT, 400, 406, HTTP_PERMANENT, true),
	{ ANSWERED, OUTCOME_ANY_CODE, 408, 408, OUTCOME_ANY_BODY,
	    OUTCOME_PART_SENT, HTTP_SAFE, true, false },
	STATUS(ANSWERED, 408, 408, HTTP_UNKNOWN, true),
	STATUS(COMPLETE, 410, 411, HTTP_PERMANENT, false),
	STATUS(CUT, 410, 411, HTTP_PERMANENT, true),
	STATUS(COMPLETE, 413, 415, HTTP_PERMANENT, false),
	STATUS(CUT, 413, 415, HTTP_PERMANENT, true),
	STATUS(COMPLETE, 422, 422, HTTP_PERMANENT, false),
	STATUS(CUT, 422, 422, HTTP_PERMANENT, true),
	STATUS(COMPLETE, 423, 423, HTTP_SAFE, false),
	STATUS(CUT, 423, 423, HTTP_SAFE, true),
	STATUS(ANSWERED, 425, 425, HTTP_SAFE, true),
	STATUS(ANSWERED, 429, 429, HTTP_SAFE, true),
	/* By http.safe_status: somebody knows the service. */
	{ ANSWERED, OUTCOME_ANY_CODE, 500, 599, OUTCOME_ANY_BODY,
	    OUTCOME_ANY_SENT, HTTP_SAFE, true, true },
	STATUS(ANSWERED, 500, 599, HTTP_UNKNOWN, true),
	STATUS(CUT, 0, 999, HTTP_UNKNOWN, true),
	STATUS(ALL, 0, 999, HTTP_UNKNOWN, false),
};
const size_t outcome_rows = ARRAY_LEN(outcome_table);

static bool
is_json(const struct http_res *res)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	return res->body_len > 0 &&
	    json_parse(res->body, res->body_len, &doc, NULL);
}

static bool
among(int code, const int *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

static bool
code_fits(enum outcome_code want, const struct http_res *res)
{
	switch (want) {
	case OUTCOME_ANY_CODE:
		return true;
	case OUTCOME_SETUP_CODE:
		return res->refused_address ||
		    among(res->curl_code, setup_codes, ARRAY_LEN(setup_codes));
	case OUTCOME_FINAL_CODE:
		return among(res->curl_code, final_codes,
		    ARRAY_LEN(final_codes));
	}
	return false;
}

static bool
row_fits(const struct outcome *row, const struct http_res *res)
{
	return (row->phases & 1u << res->phase) != 0 &&
	    code_fits(row->code, res) && res->status >= row->from &&
	    res->status <= row->to &&
	    (row->sent == OUTCOME_ANY_SENT || !res->body_sent) &&
	    (!row->declared || res->declared_safe) &&
	    (row->body == OUTCOME_ANY_BODY || is_json(res));
}

const struct outcome *
outcome_of(const struct http_res *res)
{
	for (size_t i = 0; i < outcome_rows; i++)
		if (row_fits(&outcome_table[i], res))
			return &outcome_table[i];
	return &outcome_table[outcome_rows - 1];
}

enum http_class
http_classify(const struct http_res *res)
{
	return outcome_of(res)->class;
}

bool
http_is_transient(const struct http_res *res)
{
	return outcome_of(res)->transient;
}

bool
http_is_misconfigured(const struct http_res *res)
{
	return res->phase == HTTP_NOT_SENT &&
	    outcome_of(res)->class == HTTP_MISCONFIGURED;
}

const char *
http_phase_name(enum http_phase phase)
{
	switch (phase) {
	case HTTP_NOT_SENT:
		return "not_sent";
	case HTTP_PARTLY_SENT:
		return "partly_sent";
	case HTTP_SENT:
		return "sent";
	case HTTP_ANSWER_CUT:
		return "answer_cut";
	case HTTP_COMPLETE:
		return "complete";
	}
	return "unknown";
}

const char *
http_class_name(enum http_class class)
{
	switch (class) {
	case HTTP_DONE:
		return "done";
	case HTTP_DONE_NO_BODY:
		return "done_no_body";
	case HTTP_SAFE:
		return "safe";
	case HTTP_PERMANENT:
		return "permanent";
	case HTTP_UNKNOWN:
		return "unknown";
	case HTTP_AUTH:
		return "auth";
	case HTTP_MISCONFIGURED:
		return "misconfigured";
	}
	return "unknown";
}
