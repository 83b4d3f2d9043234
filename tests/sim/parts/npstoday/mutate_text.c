/*
 * mutate_text.c - what becomes of an answer when it is bytes, and answers that
 * are given in place of the right one.
 */
#include <stdlib.h>

#include "mutate.h"

static void
put(FILE *f, const char *text, size_t len)
{
	if (len > 0 && fwrite(text, 1, len, f) != len)
		die("memory");
}

bool
text_raw(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)body;
	put(f, m->value, strlen(m->value));
	out->type = m->key;
	return true;
}

bool
text_half(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out, (void)m;
	put(f, body->s, body->len / 2);
	return body->len > 2;
}

/* Each number with something behind it: 7e0, 7.0. */
bool
text_numbers(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out;
	bool quoted = false, struck = false;
	for (size_t i = 0; i < body->len; i++) {
		const char c = body->s[i];
		if (c == '"' && (i == 0 || body->s[i - 1] != '\\'))
			quoted = !quoted;
		put(f, &c, 1);
		const char next = i + 1 < body->len ? body->s[i + 1] : ',';
		if (quoted || c < '0' || c > '9' || (next >= '0' && next <= '9'))
			continue;
		put(f, m->value, strlen(m->value));
		struck = true;
	}
	return struck;
}

/* Behind each beginning of an item. */
static bool
put_after(FILE *f, const struct text *body, const char *mark, const char *more)
{
	const size_t len = strlen(mark);
	bool struck = false;
	for (size_t i = 0; i < body->len; i++) {
		put(f, body->s + i, 1);
		if (i + 1 < len || memcmp(body->s + i + 1 - len, mark, len) != 0)
			continue;
		put(f, more, strlen(more));
		struck = true;
	}
	return struck;
}

/* The same key twice. */
bool
text_keys(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out, (void)m;
	return put_after(f, body, "{\"id\":", "1,\"id\":");
}

/* An id that no computer number holds. */
bool
text_huge(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out, (void)m;
	return put_after(f, body, "{\"id\":", "99999999999999");
}

/* Letters that lose their second byte. */
bool
text_utf8(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out, (void)m;
	bool struck = false;
	for (size_t i = 0; i < body->len; i++) {
		put(f, body->s + i, 1);
		if (((unsigned char)body->s[i] & 0xe0) != 0xc0)
			continue;
		i++;
		struck = true;
	}
	return struck;
}

bool
text_latin1(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	bool struck = false;
	for (size_t i = 0; i < body->len; i++) {
		const unsigned char c = (unsigned char)body->s[i];
		if ((c & 0xe0) == 0xc0 && i + 1 < body->len) {
			const char one = (char)((c & 3) << 6 |
				((unsigned char)body->s[++i] & 0x3f));
			put(f, &one, 1);
			struck = true;
		} else {
			put(f, body->s + i, 1);
		}
	}
	out->type = m->key;
	return struck;
}

/* As it is, but with another header. */
bool
text_same(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	put(f, body->s, body->len);
	out->type = m->key;
	return true;
}

/* Every third one breaks off: more would look like a service that is away. */
bool
text_short(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	static unsigned calls;
	put(f, body->s, body->len);
	if (calls++ % 3 != 0)
		return false;
	out->missing = strlen(m->value);
	return true;
}

/* Something before it, something behind it. */
bool
text_around(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	(void)out;
	if (m->key != NULL)
		put(f, m->key, strlen(m->key));
	put(f, body->s, body->len);
	if (m->value != NULL)
		put(f, m->value, strlen(m->value));
	return true;
}

static void
put_number(FILE *f, uint32_t n, int bytes)
{
	for (int i = 0; i < bytes; i++, n >>= 8) {
		const char c = (char)(n & 0xff);
		put(f, &c, 1);
	}
}

/* Packed though nobody asked; blocks that are stored as they are. */
bool
text_gzip(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m)
{
	uint32_t crc = 0xffffffff;
	(void)m;
	put(f, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	for (size_t at = 0;;) {
		const size_t n =
		    body->len - at > 65535 ? 65535 : body->len - at;
		put(f, at + n == body->len ? "\1" : "\0", 1);
		put_number(f, (uint32_t)n, 2);
		put_number(f, (uint32_t)~n, 2);
		put(f, body->s + at, n);
		if ((at += n) == body->len)
			break;
	}
	for (size_t i = 0; i < body->len; i++) {
		crc ^= (unsigned char)body->s[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	put_number(f, ~crc, 4);
	put_number(f, (uint32_t)body->len, 4);
	out->encoding = "gzip";
	return true;
}

/* ---- in place of the handler */
static void
answer(struct reply *out, const struct mutant *m)
{
	reply_error(out, m->status, "Mutated", NULL);
	out->retry_text = m->value;
	out->location = m->key;
}

/* One person, the first who comes, and always that one. */
bool
before_one(struct sim *s, struct request *r, struct reply *out,
    const struct mutant *m)
{
	json_t *in =
	    json_loadb(r->in.body == NULL ? "" : r->in.body, r->in.len, 0, NULL);
	const char *address =
	    str_of(json_object_get(in, "respondent"), "emailAddress");
	if (address != NULL && s->mutant_person[0] == '\0')
		snprintf(s->mutant_person, sizeof(s->mutant_person), "%s",
		    address);
	const bool struck =
	    address != NULL && strcmp(address, s->mutant_person) == 0;
	json_decref(in);
	if (struck)
		answer(out, m);
	return struck;
}

/* Every other request. */
bool
before_odd(struct sim *s, struct request *r, struct reply *out,
    const struct mutant *m)
{
	(void)r;
	if (s->mutant_seen++ % 2 != 0)
		return false;
	answer(out, m);
	return true;
}

/* Now and then: more, and it would look like a service that is away. */
bool
before_fifth(struct sim *s, struct request *r, struct reply *out,
    const struct mutant *m)
{
	(void)r;
	if (s->mutant_seen++ % 5 != 0)
		return false;
	answer(out, m);
	return true;
}

/* A good answer, and nothing behind it. */
bool
before_lie(struct sim *s, struct request *r, struct reply *out,
    const struct mutant *m)
{
	(void)r;
	if (s->mutant_seen++ % 2 != 0)
		return false;
	reply_json(out, m->status,
	    json_pack("{s:I, s:s}", "id", J(990001 + s->mutant_seen),
		"additionStatus", "Added"));
	return true;
}
