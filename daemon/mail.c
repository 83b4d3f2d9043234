/*
 * The SMTP client: libcurl under the manners of http_options.c, and what is
 * known of a message whose connection broke.
 */
#include "mail.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "environment.h"
#include "failpoint.h"
#include "http_address.h"
#include "http_curl.h"
#include "http_xfer.h"
#include "url.h"

#define CONNECT_TIMEOUT_S 10L
#define TIMEOUT_S 120L

struct letter {
	struct xfer x;		/* its easy handle, for SET; its url */
	struct curl_slist *to;
	FILE *message;
	curl_off_t size, handed;	/* its bytes; those libcurl was given */
	bool loopback_only;
};

/* ---- the address of the server ------------------------------------------- */
static bool
has_part(CURLU *u, CURLUPart what)
{
	AUTO(curl_text) char *text = NULL;

	return curl_url_get(u, what, &text, 0) == CURLUE_OK;
}

bool
mail_check_url(const char *url, bool *loopback, struct err *err)
{
	static const CURLUPart unwanted[] = { CURLUPART_USER,
		CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY,
		CURLUPART_FRAGMENT };
	AUTO(curlu) CURLU *u = curl_url();
	AUTO(curl_text) char *host = NULL;
	AUTO(curl_text) char *path = NULL;
	bool ok = (strncmp(url, "smtp://", 7) == 0 ||
	    strncmp(url, "smtps://", 8) == 0) &&
	    url[strcspn(url, " \t\r\n")] == '\0';

	if (u == NULL)
		return err_nomem(err);
	ok = ok && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
	    strcmp(path, "/") == 0;
	for (size_t i = 0; ok && i < ARRAY_LEN(unwanted); i++)
		ok = !has_part(u, unwanted[i]);
	if (!ok)
		return err_set(err, ERR_CONFIG, "expected smtp://HOST:PORT or "
		    "smtps://HOST:PORT");
	*loopback = url_host_is_loopback(host);
	return true;
}

/* ---- callbacks ----------------------------------------------------------- */
static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct letter *l = arg;
	const size_t got = fread(out, 1, size * n, l->message);

	if (got == 0 && ferror(l->message))
		return CURL_READFUNC_ABORT;
	l->handed += (curl_off_t)got;
	return got;
}

/* What a server says belongs to nobody. */
static size_t
on_write(char *text, size_t size, size_t n, void *arg)
{
	(void)text;
	(void)arg;
	return size * n;
}

/* A name of this machine must lead to it. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct letter *l = arg;

	(void)purpose;
	if (l->loopback_only &&
	    http_address_kind(&a->addr) != HTTP_ADDRESS_LOOPBACK)
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- options ------------------------------------------------------------- */
static curl_usessl
tls_of(const struct mail_settings *s, bool loopback)
{
	if (*s->ca_file != '\0')
		return CURLUSESSL_ALL;
	if (loopback)
		return CURLUSESSL_NONE;
	/* A password never leaves this machine where others can read it. */
	return s->allow_plain && *s->user == '\0' ? CURLUSESSL_TRY
	                                          : CURLUSESSL_ALL;
}

static bool
set_manners(struct letter *l, const struct mail_settings *s)
{
	struct xfer *x = &l->x;
	bool ok = true;

	SET(CURLOPT_URL, s->url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	SET(CURLOPT_TIMEOUT, TIMEOUT_S);
	SET(CURLOPT_ERRORBUFFER, x->error);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, l);
	return ok;
}

static bool
set_trust(struct letter *l, const struct mail_settings *s, bool loopback)
{
	struct xfer *x = &l->x;
	bool ok = true;

	SET(CURLOPT_USE_SSL, (long)tls_of(s, loopback));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSL_CTX_FUNCTION, xfer_verify_strictly);
	SET(CURLOPT_SSL_CTX_DATA, x);
	if (*s->ca_file != '\0') {
		/* This file alone, not the system's directory beside it. */
		SET(CURLOPT_CAINFO, s->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (*s->user != '\0') {
		SET(CURLOPT_USERNAME, s->user);
		SET(CURLOPT_PASSWORD, s->password);
		SET(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
	}
	return ok;
}

static bool
set_letter(struct letter *l, const char *from, const char *to)
{
	struct xfer *x = &l->x;
	bool ok = true;

	l->to = curl_slist_append(NULL, to);
	if (l->to == NULL)
		return false;
	SET(CURLOPT_MAIL_FROM, from);
	SET(CURLOPT_MAIL_RCPT, l->to);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_INFILESIZE_LARGE, l->size);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, l);
	SET(CURLOPT_SEEKFUNCTION, http_refuse_seek);
	return ok;
}

static bool
set_question(struct letter *l)
{
	struct xfer *x = &l->x;
	bool ok = true;

	SET(CURLOPT_NOBODY, 1L);
	SET(CURLOPT_CUSTOMREQUEST, "NOOP");
	return ok;
}

/* ---- one connection ------------------------------------------------------ */
static bool
letter_open(struct letter *l, const struct mail_settings *s, struct err *err)
{
	bool loopback = false;

	*l = (struct letter){ .x.url = s->url };
	if (!mail_check_url(s->url, &loopback, err))
		return err_wrap(err, "mail.smtp_url");
	environment_clear();
	(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_nomem(err);
	l->x.easy = curl_easy_init();
	if (l->x.easy == NULL) {
		curl_global_cleanup();
		return err_nomem(err);
	}
	l->loopback_only = loopback;
	return (set_manners(l, s) && set_trust(l, s, loopback)) ||
	    err_nomem(err);
}

static void
letter_close(struct letter *l)
{
	if (l->x.easy == NULL)
		return;
	curl_easy_cleanup(l->x.easy);
	curl_slist_free_all(l->to);
	curl_global_cleanup();
}

static enum err_kind
kind_of(CURLcode code)
{
	switch ((int)code) {
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED:
		return ERR_AUTH;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_USE_SSL_FAILED:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return ERR_CONFIG;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NOMEM;
	}
	return ERR_RETRY;
}

/* libcurl's words hold codes and hosts, but no address and no key. */
static void
say(const struct letter *l, CURLcode code, const char *what, struct err *err)
{
	(void)err_set(err, kind_of(code), "mail server: %s%.200s", what,
	    l->x.error[0] != '\0' ? l->x.error : curl_easy_strerror(code));
	if (err != NULL)
		err->code = (int)code;
}

/* With the last byte libcurl has what it needs to write the final dot, and the
 * message may have been taken over.  Then a refusal is the last word of the
 * server, silence is not. */
static enum mail_outcome
outcome_of(const struct letter *l, CURLcode code)
{
	long answer = 0;

	if (code == CURLE_OK)
		return MAIL_SENT;
	if (l->handed < l->size)
		return MAIL_NOT_SENT;
	if (curl_easy_getinfo(l->x.easy, CURLINFO_RESPONSE_CODE, &answer) ==
	    CURLE_OK && answer >= 400 && answer <= 599)
		return MAIL_NOT_SENT;
	return MAIL_UNKNOWN;
}

static bool
size_of(FILE *message, curl_off_t *size)
{
	const bool ok = fseeko(message, 0, SEEK_END) == 0;

	*size = (curl_off_t)ftello(message);
	return ok && *size > 0 && fseeko(message, 0, SEEK_SET) == 0;
}

/* A reply that is lost: of one that came. */
static CURLcode
perform(struct letter *l, const char *what)
{
	if (!FAILPOINT("mail.before", what))
		return CURLE_COULDNT_CONNECT;
	const CURLcode code = curl_easy_perform(l->x.easy);
	return !FAILPOINT("mail.after", what) && code == CURLE_OK
	    ? CURLE_RECV_ERROR : code;
}

static enum mail_outcome
deliver(struct letter *l, struct err *err)
{
	const CURLcode code = perform(l, "letter");
	const enum mail_outcome outcome = outcome_of(l, code);

	if (outcome == MAIL_UNKNOWN)
		say(l, code, "nobody knows whether it took the mail: ", err);
	else if (outcome == MAIL_NOT_SENT)
		say(l, code, "", err);
	return outcome;
}

enum mail_outcome
mail_send(const struct mail_settings *settings, const char *from,
    const char *to, FILE *message, struct err *err)
{
	struct letter l = { .message = NULL };
	enum mail_outcome outcome = MAIL_NOT_SENT;

	if (!mail_address_ok(from) || !mail_address_ok(to)) {
		(void)err_set(err, ERR_CONFIG, "mail: an address is none, or "
		    "not ASCII");
		return MAIL_NOT_SENT;
	}
	if (letter_open(&l, settings, err)) {
		l.message = message;
		if (!size_of(message, &l.size))
			(void)err_errno(err, ERR_SYSTEM, "mail: the message");
		else if (set_letter(&l, from, to))
			outcome = deliver(&l, err);
		else
			(void)err_nomem(err);
	}
	letter_close(&l);
	return outcome;
}

bool
mail_try(const struct mail_settings *settings, struct err *err)
{
	struct letter l = { .message = NULL };
	bool ok = letter_open(&l, settings, err) &&
	    (set_question(&l) || err_nomem(err));

	if (ok) {
		const CURLcode code = perform(&l, "question");
		ok = code == CURLE_OK;
		if (!ok)
			say(&l, code, "", err);
	}
	letter_close(&l);
	return ok;
}
