/*
 * A message as RFC 5322 and 2045 to 2047 have it.  Text in quoted-printable,
 * the attachment in base64; nothing a value holds can begin a header.
 */
#include "mail.h"

#include <openssl/evp.h>
#include <string.h>

#include "clock.h"
#include "text.h"

#define LINE 76
#define CRLF "\r\n"
/* 45 bytes of UTF-8 are 60 of base64: with its frame below the 75 allowed. */
#define WORD_BYTES 45
#define B64_BYTES 57

/* ---- what may stand in a header ------------------------------------------ */
bool
mail_address_ok(const char *address)
{
	const char *at = strchr(address, '@');
	const size_t len = strlen(address);

	return text_is_line(address) && text_is_ascii(address) && at != NULL &&
	    at != address && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	    address[0] != '-' && len <= 254 &&
	    strpbrk(address, " <>()[]\\\",;:") == NULL;
}

static bool
check(const struct mail *m, struct err *err)
{
	const char *const lines[][2] = { { "subject", m->subject },
		{ "name of the sender", m->from_name },
		{ "name of the attachment", m->csv_name } };

	if (!mail_address_ok(m->from))
		return err_set(err, ERR_CONFIG,
		    "mail: the sender is no plain ASCII address");
	for (size_t i = 0; i < m->n_to; i++)
		if (!mail_address_ok(m->to[i]))
			return err_set(err, ERR_CONFIG, "mail: recipient %zu "
			    "is no plain ASCII address", i + 1);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (lines[i][1] != NULL && !text_is_line(lines[i][1]))
			return err_set(err, ERR_CONFIG, "mail: the %s holds a "
			    "control character", lines[i][0]);
	if (!mail_address_ok(m->id))
		return err_set(err, ERR_CONFIG, "mail: no usable Message-ID");
	return true;
}

/* ---- encoded words ------------------------------------------------------- */
static void
encoded_words(FILE *out, const char *s)
{
	unsigned char b64[4 * ((WORD_BYTES + 2) / 3) + 1];

	for (bool first = true; *s != '\0'; first = false) {
		const size_t n = text_cut(s, WORD_BYTES);
		(void)EVP_EncodeBlock(b64, (const unsigned char *)s, (int)n);
		(void)fprintf(out, "%s=?UTF-8?B?%s?=", first ? "" : CRLF " ",
		    (const char *)b64);
		s += n;
	}
}

/* ASCII as it is, folded at blanks. */
static void
plain_words(FILE *out, const char *s, size_t used)
{
	while (*s != '\0') {
		const size_t n = strspn(s, " ") +
		    strcspn(s + strspn(s, " "), " ");
		/* A line of one blank would look like the header's end. */
		if (used + n > LINE && *s == ' ' && n > 1) {
			(void)fputs(CRLF, out);
			used = 0;
		}
		(void)fwrite(s, 1, n, out);
		used += n;
		s += n;
	}
}

static void
words(FILE *out, const char *s, size_t used)
{
	/* What looks like an encoded word is encoded; so are lines that could
	 * not be folded, and blanks that folding would leave alone in one. */
	if (text_is_ascii(s) && strstr(s, "=?") == NULL && strlen(s) < 500 &&
	    *s != ' ' && strstr(s, "  ") == NULL)
		plain_words(out, s, used);
	else
		encoded_words(out, s);
}

/* Words of letters and digits need no quotes. */
static void
display_name(FILE *out, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	if (strlen(name) <= 40 && name[strspn(name, plain)] == '\0') {
		(void)fprintf(out, "%s ", name);
		return;
	}
	encoded_words(out, name);
	(void)fputs(CRLF " ", out);
}

/* ---- bodies -------------------------------------------------------------- */
/* Is the byte after this one the end of its line? */
static bool
at_line_end(FILE *in)
{
	const int c = fgetc(in);

	if (c != EOF)
		(void)ungetc(c, in);
	return c == EOF || c == '\n' || c == '\r';
}

static bool
is_literal(int c, size_t used)
{
	/* A dot or "From " at the beginning of a line would be changed on its
	 * way. */
	if (used == 0 && (c == '.' || c == 'F'))
		return false;
	return c >= ' ' && c <= '~' && c != '=';
}

static void
quoted_printable(FILE *out, FILE *in)
{
	size_t used = 0;
	int c;

	while ((c = fgetc(in)) != EOF) {
		if (c == '\r' && at_line_end(in))
			continue;
		if (c == '\n') {
			(void)fputs(CRLF, out);
			used = 0;
			continue;
		}
		if (used + 3 > LINE - 1) {
			(void)fputs("=" CRLF, out);
			used = 0;
		}
		const bool literal = is_literal(c, used) &&
		    (c != ' ' || !at_line_end(in));
		if (literal)
			(void)fputc(c, out);
		else
			(void)fprintf(out, "=%02X", (unsigned)c);
		used += literal ? 1 : 3;
	}
	if (used > 0)
		(void)fputs(CRLF, out);
}

static void
base64(FILE *out, FILE *in)
{
	unsigned char bytes[B64_BYTES], b64[4 * ((B64_BYTES + 2) / 3) + 1];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
		(void)EVP_EncodeBlock(b64, bytes, (int)n);
		(void)fprintf(out, "%s" CRLF, (const char *)b64);
	}
}

/* ---- the parts ----------------------------------------------------------- */
/* No encoded body has a line that begins so: quoted-printable writes "=_" as
 * "=3D_", base64 has no "_". */
static void
boundary(FILE *out, char which, const char *end)
{
	(void)fprintf(out, "--=_npsync_%c%s" CRLF, which, end);
}

static void
multipart(FILE *out, const char *kind, char which)
{
	(void)fprintf(out, "Content-Type: multipart/%s;" CRLF
	    " boundary=\"=_npsync_%c\"" CRLF CRLF, kind, which);
}

static void
text_part(FILE *out, const char *kind, FILE *body)
{
	(void)fprintf(out, "Content-Type: text/%s; charset=UTF-8" CRLF
	    "Content-Transfer-Encoding: quoted-printable" CRLF CRLF, kind);
	quoted_printable(out, body);
}

static void
alternatives(FILE *out, const struct mail *m)
{
	if (m->html == NULL) {
		text_part(out, "plain", m->text);
		return;
	}
	multipart(out, "alternative", 'b');
	boundary(out, 'b', "");
	text_part(out, "plain", m->text);
	boundary(out, 'b', "");
	text_part(out, "html", m->html);
	boundary(out, 'b', "--");
}

/* Letters, digits, '.', '_' and '-' of the name: it needs no quoting then. */
static void
file_name(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		const bool plain = (*name >= 'a' && *name <= 'z') ||
		    (*name >= 'A' && *name <= 'Z') ||
		    (*name >= '0' && *name <= '9') ||
		    strchr("._-", *name) != NULL;
		(void)fputc(plain ? *name : '_', out);
	}
}

static void
attachment(FILE *out, const struct mail *m)
{
	(void)fputs("Content-Type: text/csv; charset=UTF-8; header=present" CRLF
	    "Content-Transfer-Encoding: base64" CRLF
	    "Content-Disposition: attachment; filename=\"", out);
	file_name(out, m->csv_name);
	(void)fputs("\"" CRLF CRLF, out);
	base64(out, m->csv);
}

/* ---- the header ---------------------------------------------------------- */
static void
date(FILE *out, time_t t)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri",
		"Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct civil c;

	clock_local("UTC", t, &c);
	const int day = day_make(c.year, c.month, c.day);
	(void)fprintf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000" CRLF,
	    days[day_weekday(day) - 1], c.day, months[c.month - 1], c.year,
	    c.hour, c.minute, c.second);
}

static void
header(FILE *out, const struct mail *m)
{
	date(out, m->date);
	(void)fputs("From: ", out);
	if (m->from_name != NULL) {
		display_name(out, m->from_name);
	}
	(void)fprintf(out, "<%s>" CRLF "To: ", m->from);
	for (size_t i = 0; i < m->n_to; i++)
		(void)fprintf(out, "%s<%s>", i == 0 ? "" : "," CRLF " ",
		    m->to[i]);
	(void)fputs(CRLF "Subject: ", out);
	words(out, m->subject, strlen("Subject: "));
	(void)fprintf(out, CRLF "Message-ID: <%s>" CRLF
	    "Auto-Submitted: auto-generated" CRLF
	    "X-Auto-Response-Suppress: All" CRLF
	    "MIME-Version: 1.0" CRLF, m->id);
}

static bool
was_read(FILE *body)
{
	return body == NULL || !ferror(body);
}

bool
mail_write(const struct mail *mail, FILE *out, struct err *err)
{
	if (!check(mail, err))
		return false;
	header(out, mail);
	if (mail->csv == NULL) {
		alternatives(out, mail);
	} else {
		multipart(out, "mixed", 'a');
		boundary(out, 'a', "");
		alternatives(out, mail);
		boundary(out, 'a', "");
		attachment(out, mail);
		boundary(out, 'a', "--");
	}
	if (!was_read(mail->text) || !was_read(mail->html) ||
	    !was_read(mail->csv) || fflush(out) != 0 || ferror(out))
		return err_set(err, ERR_SYSTEM,
		    "mail: the message could not be written whole");
	return true;
}
