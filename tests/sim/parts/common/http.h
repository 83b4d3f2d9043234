/*
 * http.h - the transport under every simulator: it takes a request in, hands it
 * to the service, and sends what the service made of it.
 */
#ifndef NPSYNC_SIM_HTTP_H
#define NPSYNC_SIM_HTTP_H

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request as it comes in: the first member of the service's own struct. */
struct incoming {
	struct MHD_Connection *con;
	char *uri;		/* path and query, as they were sent */
	const char *method;
	char *body;		/* NULL = none; ends with NUL */
	size_t len;
	bool started, too_big;
};

/* What a service does with it; opened, begun and closed may be NULL. */
struct service {
	size_t size;		/* of its struct, zeroed at first */
	size_t body_max;
	bool own_date;		/* the library adds no Date */
	void (*opened)(void *sim, void *request);
	/* At the headers, and under the lock; false: the connection is cut. */
	bool (*begun)(void *sim, void *request);
	enum MHD_Result (*finished)(void *sim, void *request);
	void (*closed)(void *request);	/* frees what opened made */
};

/* On 127.0.0.(1 + host), and there alone: another one on the port would take
 * calls that are meant for it.  port 0: a free one.  A service stays. */
struct MHD_Daemon *service_start(const struct service *service, void *sim,
    pthread_mutex_t *lock, unsigned host, int64_t port);
int service_port(struct MHD_Daemon *d);

const char *header_of(const struct incoming *in, const char *name);
/* The body as JSON; NULL: there is none, it is none, a key stands twice. */
json_t *body_json(const struct incoming *in);

/* An answer of a text, which it takes, or else of JSON; both may be NULL.  len:
 * of the text, 0 = up to its NUL.  missing: bytes that are announced and never
 * come. */
struct MHD_Response *response_make(char *text, size_t len, json_t *json,
    size_t missing);
/* NULL or -1: without it. */
void response_header(struct MHD_Response *res, const char *name,
    const char *value);
void response_number(struct MHD_Response *res, const char *name, int64_t n);
void response_date(struct MHD_Response *res, int64_t t);
enum MHD_Result response_send(const struct incoming *in, unsigned status,
    struct MHD_Response *res);
/* The connection ends without an answer; takes what there was of one. */
enum MHD_Result response_cut(char *text, json_t *json);

#endif
