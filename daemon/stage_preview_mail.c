/*
 * The preview as a message: its parts and the whole lie in files without
 * names, so that a long queue needs no memory.
 */
#include "stage_preview.h"

#include <openssl/evp.h>
#include <string.h>

#include "clock.h"

#define COPY_BYTES ((size_t)65536)

static bool
file_open(FILE **file, struct err *err)
{
	*file = tmpfile();
	return *file != NULL ||
	    err_errno(err, ERR_SYSTEM, "preview: temporary file");
}

static void
file_close(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
	*file = NULL;
}

void
preview_mail_close(struct preview_mail *mail)
{
	file_close(&mail->text);
	file_close(&mail->html);
	file_close(&mail->csv);
	file_close(&mail->message);
}

/* The one-line mail is one line. */
static bool
write_parts(struct preview_mail *m, const struct preview *p,
    struct arena *scratch, struct err *err)
{
	if (!file_open(&m->message, err) || !file_open(&m->text, err) ||
	    !preview_text(m->text, p, scratch, err))
		return false;
	rewind(m->text);
	if (preview_is_empty(p))
		return true;
	if (!file_open(&m->html, err) || !file_open(&m->csv, err) ||
	    !preview_html(m->html, p, scratch, err) ||
	    !preview_csv(m->csv, p, scratch, err))
		return false;
	rewind(m->html);
	rewind(m->csv);
	return true;
}

static void
put_hex(char *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The tenant's name may hold what an id may not. */
static const char *
make_id(const struct conf *conf, const char *token, struct arena *arena)
{
	const char *name = arena_printf(arena, "%s %s", conf->tenant, token);
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[33];

	if (name == NULL || EVP_Digest(name, strlen(name), md, NULL,
	    EVP_sha256(), NULL) != 1)
		return NULL;
	put_hex(hex, md, 16);
	return arena_printf(arena, "preview.%s.%s%s", token, hex,
	    strchr(conf->mail.from, '@'));
}

static bool
hash_file(FILE *file, char out[2 + 64 + 1], struct arena *scratch)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE];
	char *copy = arena_alloc(scratch, COPY_BYTES);
	size_t n;

	bool ok = ctx != NULL && copy != NULL &&
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	rewind(file);
	while (ok && (n = fread(copy, 1, COPY_BYTES, file)) > 0)
		ok = EVP_DigestUpdate(ctx, copy, n) == 1;
	ok = ok && !ferror(file) && EVP_DigestFinal_ex(ctx, md, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	(void)snprintf(out, 3, "\\x");
	if (ok)
		put_hex(out + 2, md, 32);
	arena_reset(scratch);
	return ok;
}

static bool
build(struct preview_mail *m, const struct conf *conf, const struct preview *p,
    const char *token, const struct strlist *to, struct arena *arena,
    struct err *err)
{
	char day[16];
	const struct mail mail = { .from = conf->mail.from,
		.from_name = "npsync", .to = to->v, .n_to = to->n,
		.subject = preview_subject(arena, p),
		.id = make_id(conf, token, arena), .date = clock_now(),
		.text = m->text, .html = m->html, .csv = m->csv,
		.csv_name = arena_printf(arena, "npsync-%s.csv",
		    day_iso(day, p->night)) };

	if (mail.subject == NULL || mail.id == NULL || mail.csv_name == NULL)
		return err_nomem(err);
	m->id = mail.id;
	return mail_write(&mail, m->message, err);
}

bool
preview_mail_open(struct preview_mail *mail, const struct conf *conf,
    const struct preview *preview, const char *token, const char *const *to,
    size_t n_to, struct arena *arena, struct arena *scratch, struct err *err)
{
	const struct strlist list = { .v = to, .n = n_to };

	*mail = (struct preview_mail){ .id = NULL };
	if (write_parts(mail, preview, scratch, err) &&
	    build(mail, conf, preview, token, &list, arena, err) &&
	    (hash_file(mail->message, mail->hash, scratch) ||
	        err_set(err, ERR_SYSTEM, "preview: the message cannot be read")))
		return true;
	preview_mail_close(mail);
	return false;
}

struct mail_settings
preview_mail_settings(const struct conf *conf)
{
	return (struct mail_settings){ .url = conf->mail.smtp_url,
		.user = conf->mail.user, .password = conf->mail.password,
		.ca_file = conf->mail.ca_file,
		.allow_plain = conf->mail.allow_plain };
}
