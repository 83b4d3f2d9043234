/*
 * Many transfers at a time, each sent at most once.  A fixed number of places;
 * what is added beyond it waits in order.  Nothing here repeats anything.
 */
#include "http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http_xfer.h"

#define JOB_MAX_BYTES ((size_t)16777216)

/* A request that waits for its place. */
struct job {
	struct job *next;
	struct arena *arena;	/* of this job and all it holds */
	struct http_req req;
	void *tag;
	int64_t added_ms;
};

struct place {
	struct xfer xfer;
	struct job *job;	/* NULL = free */
	bool in_multi, is_probe;
	long put_off_s;		/* it did not begin, and waited long enough */
};

struct http_multi {
	struct http *http;
	CURLM *curlm;
	struct place *places;
	int n, running;
	struct job *head, **tail;
	struct place *handed_back;	/* freed by the next call */
};

/* ---- jobs ---------------------------------------------------------------- */
static bool
copy_headers(struct job *job, const struct http_req *req)
{
	size_t n = 0;

	if (req->headers == NULL)
		return true;
	while (req->headers[n][0] != NULL)
		n++;
	const char *(*headers)[2] =
	    arena_array(job->arena, n + 1, sizeof(*headers));
	if (headers == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 2; k++)
			headers[i][k] =
			    arena_strdup(job->arena, req->headers[i][k]);
	job->req.headers = (const char *const (*)[2])headers;
	return true;
}

static struct job *
job_new(const struct http_req *req, void *tag)
{
	AUTO(arena) struct arena *arena = arena_new(JOB_MAX_BYTES);
	struct job *job =
	    arena == NULL ? NULL : arena_alloc(arena, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->arena = arena;
	job->tag = tag;
	job->req = *req;
	job->req.repeatable = false;	/* nothing here is sent twice */
	job->req.method = arena_strdup(arena, req->method);
	job->req.url = arena_strdup(arena, req->url);
	if (req->body != NULL)
		job->req.body = arena_strndup(arena, req->body, req->body_len);
	if (!copy_headers(job, req) || arena_failed(arena))
		return NULL;
	(void)steal(&arena);	/* the job holds it */
	return job;
}

static void
job_free(struct job *job)
{
	if (job != NULL)
		arena_free(job->arena);
}

static struct job *
queue_pop(struct http_multi *m)
{
	struct job *job = m->head;

	if (job == NULL)
		return NULL;
	m->head = job->next;
	if (m->head == NULL)
		m->tail = &m->head;
	return job;
}

/* ---- open and close ------------------------------------------------------ */
static void
http_multi_cleanup(struct http_multi **m)
{
	http_multi_close(*m);
}

static bool
places_init(struct http_multi *m, int n, struct err *err)
{
	m->places = calloc((size_t)n, sizeof(*m->places));
	if (m->places == NULL)
		return err_nomem(err);
	for (m->n = 0; m->n < n; m->n++)
		if (!xfer_init(&m->places[m->n].xfer, err)) {
			m->n++;
			return false;
		}
	return true;
}

bool
http_multi_open(struct http *http, int concurrency, struct http_multi **multi,
    struct err *err)
{
	AUTO(http_multi) struct http_multi *m = calloc(1, sizeof(*m));

	*multi = NULL;
	if (m == NULL)
		return err_nomem(err);
	m->http = http;
	m->tail = &m->head;
	m->curlm = curl_multi_init();
	if (m->curlm == NULL)
		return err_nomem(err);
	if (curl_multi_setopt(m->curlm, CURLMOPT_PIPELINING,
		(long)CURLPIPE_NOTHING) != CURLM_OK ||
	    curl_multi_setopt(m->curlm, CURLMOPT_MAXCONNECTS,
		(long)concurrency) != CURLM_OK)
		return err_set(err, ERR_BUG, "libcurl refuses its options");
	if (!places_init(m, concurrency < 1 ? 1 : concurrency, err))
		return false;
	*multi = steal(&m);
	return true;
}

static void
place_release(struct http_multi *m, struct place *p)
{
	if (p->in_multi)
		(void)curl_multi_remove_handle(m->curlm, p->xfer.easy);
	if (p->is_probe)	/* closed before its end */
		http_note_nothing(m->http, true);
	p->in_multi = p->is_probe = false;
	p->put_off_s = 0;
	job_free(p->job);
	p->job = NULL;
}

void
http_multi_close(struct http_multi *m)
{
	struct job *job;

	if (m == NULL)
		return;
	for (int i = 0; i < m->n; i++) {
		place_release(m, &m->places[i]);
		xfer_free(&m->places[i].xfer);
	}
	while ((job = queue_pop(m)) != NULL)
		job_free(job);
	if (m->curlm != NULL)
		(void)curl_multi_cleanup(m->curlm);
	free(m->places);
	free(m);
}

bool
http_multi_add(struct http_multi *m, const struct http_req *req, void *tag,
    struct err *err)
{
	struct job *job = job_new(req, tag);

	if (job == NULL)
		return err_nomem(err);
	job->added_ms = http_now_ms(m->http);
	*m->tail = job;
	m->tail = &job->next;
	m->running++;
	return true;
}

int
http_multi_running(const struct http_multi *m)
{
	return m->running;
}

void
http_multi_hold(struct http_multi *m, long wait_s)
{
	http_hold(m->http, wait_s);
}

/* ---- progress ------------------------------------------------------------ */
static struct place *
free_place(struct http_multi *m)
{
	for (int i = 0; i < m->n; i++)
		if (m->places[i].job == NULL)
			return &m->places[i];
	return NULL;
}

/* Never begun: the counters are older. */
static void
result_of_none(const struct place *p, struct http_res *res)
{
	res->phase = HTTP_NOT_SENT;
	res->body_sent = res->refused_address = false;
	if (p->put_off_s == 0)
		return;
	res->retry_after_s = p->put_off_s;
	(void)snprintf(res->problem, sizeof(res->problem),
	    "the service asked for time or failed too often: not sent for "
	    "%ld s", p->put_off_s);
}

static bool
hand_back(struct http_multi *m, struct place *p, CURLcode code, void **tag,
    struct http_res *res)
{
	xfer_result(&p->xfer, code, res);
	if (!p->in_multi)
		result_of_none(p, res);
	else {
		http_note_answer(m->http, &p->job->req, res);
		if (p->job->req.aside)
			http_note_nothing(m->http, p->is_probe);
		else
			http_note_result(m->http, res, p->xfer.too_large,
			    p->is_probe);
		p->is_probe = false;
	}
	*tag = p->job->tag;
	m->handed_back = p;
	m->running--;
	return true;
}

/* ms until the service is talked to again. */
static int64_t
service_wait_ms(const struct http_multi *m)
{
	const int64_t held = http_hold_ms(m->http);
	const int64_t broken = http_breaker_ms(m->http);

	return held > broken ? held : broken;
}

bool
http_multi_is_held(const struct http_multi *m)
{
	return service_wait_ms(m) != 0;
}

/* Whoever added a job decided for that moment (a window, a lease): nothing
 * begins much later. */
static bool
is_put_off(const struct http_multi *m, const struct job *job)
{
	const int64_t patience =
	    job->added_ms + HTTP_WAIT_MAX_MS - http_now_ms(m->http);
	const int64_t wait = service_wait_ms(m);

	return patience <= 0 ||
	    (wait != BREAKER_WAIT_FOR_PROBE && wait > patience);
}

static long
put_off_s(const struct http_multi *m)
{
	const int64_t wait = service_wait_ms(m);

	if (wait == BREAKER_WAIT_FOR_PROBE || wait == 0)
		return 1;
	return (long)((wait + 999) / 1000);
}

/* Takes the next waiting job into a place.  False = it could not begin, which
 * is a result of its own. */
static bool
start(struct http_multi *m, struct place *p, CURLcode *code)
{
	struct err err;

	p->job = queue_pop(m);
	if (!xfer_prepare(&p->xfer, m->http, &p->job->req, &err)) {
		*code = err.kind == ERR_NOMEM ? CURLE_OUT_OF_MEMORY
					      : CURLE_URL_MALFORMAT;
		return false;
	}
	if (is_put_off(m, p->job))
		p->put_off_s = put_off_s(m);
	if (p->put_off_s > 0 || http_is_cancelled(m->http)) {
		*code = CURLE_ABORTED_BY_CALLBACK;
		return false;
	}
	(void)curl_easy_setopt(p->xfer.easy, CURLOPT_PRIVATE, p);
	if (curl_multi_add_handle(m->curlm, p->xfer.easy) != CURLM_OK) {
		*code = CURLE_FAILED_INIT;
		return false;
	}
	p->in_multi = true;
	p->is_probe = breaker_begin(&m->http->breaker);
	return true;
}

/* ms until the next job may start; 0 = now, or it is handed back; -1 = time
 * alone does not help. */
static int64_t
start_delay(struct http_multi *m)
{
	const int64_t wait = service_wait_ms(m);

	if (m->head == NULL || free_place(m) == NULL)
		return -1;
	if (http_is_cancelled(m->http) || is_put_off(m, m->head))
		return 0;
	if (wait > 0)
		return wait == BREAKER_WAIT_FOR_PROBE ? -1 : wait;
	return http_rate_take(m->http, 0);
}

static struct place *
finished(struct http_multi *m, CURLcode *code)
{
	const CURLMsg *msg;
	void *p = NULL;
	int left;

	while ((msg = curl_multi_info_read(m->curlm, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		*code = msg->data.result;
		if (curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &p) ==
		    CURLE_OK)
			return p;
	}
	return NULL;
}

static int
pause_ms(int64_t deadline, int64_t delay)
{
	const int64_t left = deadline - clock_boottime_ms();

	if (left <= 0)
		return 0;
	return (int)(delay >= 0 && delay < left ? delay : left);
}

bool
http_multi_poll(struct http_multi *m, int wait_ms, void **tag,
    struct http_res *res)
{
	const int64_t deadline = clock_boottime_ms() + wait_ms;
	CURLcode code = CURLE_OK;
	int64_t delay;

	if (m->handed_back != NULL)
		place_release(m, steal(&m->handed_back));
	for (;;) {
		int active = 0;
		while ((delay = start_delay(m)) == 0) {
			struct place *p = free_place(m);
			if (p == NULL)
				break;
			if (!start(m, p, &code))
				return hand_back(m, p, code, tag, res);
		}
		(void)curl_multi_perform(m->curlm, &active);
		struct place *p = finished(m, &code);
		if (p != NULL)
			return hand_back(m, p, code, tag, res);
		const int pause = pause_ms(deadline, delay);
		if (pause == 0 || m->running == 0)
			return false;
		if (active == 0 && m->http->settings.clock != NULL)
			http_sleep_ms(m->http, delay > 0 ? delay : pause);
		else
			(void)curl_multi_poll(m->curlm, NULL, 0, pause, NULL);
	}
}
