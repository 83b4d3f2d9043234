/*
 * The preview as a message: its parts and the whole lie in files without
 * names, so that a long queue needs no memory.
 */
#include "stage_preview.h"

#include <openssl/evp.h>
#include <string.h>

#include "clock.h"
#include "text.h"

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
	text_hex(hex, md, 16);
	return arena_printf(arena, "preview.%s.%s%s", token, hex,
	    strchr(conf->mail.from, '@'));
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
	return mail_write(&mail, m->message, err);
}

bool
preview_mail_open(struct preview_mail *mail, const struct conf *conf,
    const struct preview *preview, const char *token, const char *const *to,
    size_t n_to, struct arena *arena, struct arena *scratch, struct err *err)
{
	const struct strlist list = { .v = to, .n = n_to };

	*mail = (struct preview_mail){ .text = NULL };
	if (write_parts(mail, preview, scratch, err) &&
	    build(mail, conf, preview, token, &list, arena, err))
		return true;
	preview_mail_close(mail);
	return false;
}
