#include "identity.h"

#include <errno.h>
#include <idn2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "buf.h"
#include "text.h"

#define LOCAL_MAX 64
#define LABEL_MAX 63
#define ADDRESS_MAX 254
#define INPUT_MAX 4096
#define KEY_MESSAGE_MAX 65536

/* clang-format off */
/* Local parts that reach a desk.  Danish, Swedish, Norwegian, Finnish, German
 * and English; folded, sorted for bsearch. */
static const char *const roles[] = { "abuse", "account", "accounting",
	"accounts", "adm", "admin", "administration", "asiakaspalvelu",
	"billing", "bogholderi", "booking", "buchhaltung", "butik", "contact",
	"customerservice", "drift", "economy", "einkauf", "ekonomi", "faktura",
	"fakturering", "fakturor", "feedback", "finance", "firmapost", "hei",
	"hej", "hello", "help", "helpdesk", "hi", "hr", "indkob", "indkøb",
	"info", "information", "inkop", "inköp", "innkjop", "innkjøp",
	"invoice", "invoices", "it", "job", "jobb", "jobs", "kirjaamo",
	"kontakt", "kontor", "kontoret", "kundcenter", "kundecenter",
	"kundenservice", "kundeservice", "kundservice", "kundtjanst",
	"kundtjänst", "laskut", "laskutus", "løn", "mail", "mailbox",
	"markedsforing", "markedsføring", "marketing", "marknad", "medlem",
	"myynti", "newsletter", "no-reply", "noreply", "office", "okonomi",
	"order", "orders", "ordre", "ostot", "palkat", "post", "posti",
	"postkasse", "postmaster", "press", "presse", "purchasing", "reception",
	"receptionen", "rechnung", "regnskab", "regnskap", "reklamation",
	"root", "sales", "salg", "salj", "sekretariat", "service", "shop",
	"support", "sälj", "team", "toimisto", "tuki", "verkauf", "vertrieb",
	"webmaster", "zentrale", "økonomi", };
/* clang-format on */

/* ---- addresses ----------------------------------------------------------- */

static void
u8_cleanup(uint8_t **p)
{
	free(*p);
}

static void
idn_cleanup(char **p)
{
	if (*p != NULL)
		idn2_free(*p);
}

/* Narrows [*s, *s + *len) by the blanks at its ends; the text is UTF-8. */
static void
trim(const uint8_t **s, size_t *len)
{
	const uint8_t *end = *s + *len, *p;
	ucs4_t c;

	while ((p = u8_next(&c, *s)) != NULL && p <= end &&
	    uc_is_property(c, UC_PROPERTY_WHITE_SPACE))
		*s = p;
	while (end > *s && (p = u8_prev(&c, end, *s)) != NULL &&
	    uc_is_property(c, UC_PROPERTY_WHITE_SPACE))
		end = p;
	*len = (size_t)(end - *s);
}

/* What a mailbox name cannot hold without quotes, or a person cannot see. */
static bool
local_character_ok(ucs4_t c)
{
	if (c < 0x80)
		return c > 0x20 && c != 0x7f &&
		    strchr("()<>[]:;,\\\"", (int)c) == NULL;
	return !uc_is_property(c, UC_PROPERTY_WHITE_SPACE) &&
	    !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C |
		UC_CATEGORY_MASK_Z);
}

static bool
local_ok(const char *local)
{
	const uint8_t *s = (const uint8_t *)local;
	const size_t len = strlen(local);
	ucs4_t c;
	int took;

	if (len == 0 || len > LOCAL_MAX || local[0] == '.' ||
	    local[len - 1] == '.' || strstr(local, "..") != NULL)
		return false;
	for (; (took = u8_strmbtouc(&c, s)) > 0; s += took)
		if (!local_character_ok(c))
			return false;
	return took == 0;
}

/* One label of an ASCII domain: letters, digits and hyphens inside. */
static bool
label_ok(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	return strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

/* At least two labels, the last one no number: 10.0.0.1 is no domain. */
static bool
domain_ok(const char *domain)
{
	size_t labels = 0;

	for (;;) {
		const size_t len = strcspn(domain, ".");
		if (!label_ok(domain, len))
			return false;
		labels++;
		if (domain[len] == '\0')
			break;
		domain += len + 1;
	}
	return labels >= 2 && strspn(domain, "0123456789") < strlen(domain);
}

/* A-Z only; true if the whole text is ASCII. */
static bool
ascii_lower(char *s)
{
	bool ascii = true;

	for (; *s != '\0'; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
		ascii = ascii && (unsigned char)*s < 0x80;
	}
	return ascii;
}

/* The ASCII form, in lower case; NULL if the domain has none.  Not folded
 * before: to fold strasse with a sharp s would name another domain. */
static char *
domain_ascii(struct arena *arena, const char *domain)
{
	AUTO(idn) char *ascii = NULL;

	char *lower = arena_strdup(arena, domain);
	if (lower == NULL)
		return NULL;
	const bool plain = ascii_lower(lower);
	/* Plain names may be older than IDNA: "r3--x" is refused there. */
	if (plain && strstr(lower, "xn--") == NULL)
		return domain_ok(lower) ? lower : NULL;
	if (idn2_to_ascii_8z(lower, &ascii,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	return domain_ok(ascii) ? arena_strdup(arena, ascii) : NULL;
}

/* NFC and case folded; NULL when memory ran out. */
static char *
fold(struct arena *arena, const char *text, size_t len)
{
	AUTO(u8) uint8_t *folded = NULL;
	size_t out_len = 0;

	char *lower = arena_strndup(arena, text, len);
	if (lower == NULL || ascii_lower(lower))
		return lower;
	folded = u8_casefold((const uint8_t *)text, len, NULL, UNINORM_NFC,
	    NULL, &out_len);
	return folded == NULL ? NULL :
	    arena_strndup(arena, (const char *)folded, out_len);
}

/* What is left of the text between blanks; ADDRESS_OK only means that there
 * is something to look at. */
static enum address_state
address_text(struct arena *arena, const char *email, const char **text)
{
	const uint8_t *s = (const uint8_t *)email;
	size_t len = strnlen(email, INPUT_MAX + 1);

	if (len > INPUT_MAX || u8_check(s, len) != NULL)
		return ADDRESS_BAD;
	trim(&s, &len);
	if (len == 0)
		return ADDRESS_NONE;
	*text = arena_strndup(arena, (const char *)s, len);
	return *text == NULL ? ADDRESS_BAD : ADDRESS_OK;
}

enum address_state
identity_address(struct arena *arena, const char *email, const char **out,
    const char **domain)
{
	const char *text = NULL;

	*out = *domain = NULL;
	if (email == NULL)
		return ADDRESS_NONE;
	const enum address_state state = address_text(arena, email, &text);
	if (state != ADDRESS_OK)
		return state;
	const char *at = strchr(text, '@');
	if (at == NULL || strchr(at + 1, '@') != NULL)
		return ADDRESS_BAD;
	const char *local = fold(arena, text, (size_t)(at - text));
	const char *ascii = domain_ascii(arena, at + 1);
	if (local == NULL || ascii == NULL || !local_ok(local) ||
	    strlen(local) + 1 + strlen(ascii) > ADDRESS_MAX)
		return ADDRESS_BAD;
	char *whole = arena_printf(arena, "%s@%s", local, ascii);
	if (whole == NULL)
		return ADDRESS_BAD;
	*out = whole;
	*domain = whole + strlen(local) + 1;
	return ADDRESS_OK;
}

static int
role_compare(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

bool
identity_is_role(const char *normalised_address)
{
	char local[LOCAL_MAX + 1];
	/* info+web@ is the same desk. */
	const size_t len = strcspn(normalised_address, "+@");

	if (len == 0 || len > LOCAL_MAX)
		return false;
	memcpy(local, normalised_address, len);
	local[len] = '\0';
	return bsearch(local, roles, ARRAY_LEN(roles), sizeof(roles[0]),
	    role_compare) != NULL;
}

/* ---- keys ---------------------------------------------------------------- */

/* HMAC over kind NUL a [NUL b]: the kind keeps an address from ever having
 * the key of a card, and no part can run into the next. */
static bool
key_make(const unsigned char *secret, const char *kind, const char *const *part,
    size_t n, char out[IDENTITY_KEY_HEX], struct err *err)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned md_len = 0;
	AUTO(buf) struct buf message = { .max = KEY_MESSAGE_MAX };

	(void)buf_str(&message, kind);
	for (size_t i = 0; i < n; i++) {
		(void)buf_char(&message, '\0');
		(void)buf_str(&message, part[i]);
	}
	if (message.failed)
		return err_set(err, ERR_REJECTED,
		    "%s key: longer than %d bytes, or out of memory", kind,
		    KEY_MESSAGE_MAX);
	if (HMAC(EVP_sha256(), secret, IDENTITY_SECRET_BYTES,
		(const unsigned char *)message.s, message.len, md,
		&md_len) == NULL || md_len != IDENTITY_KEY_BYTES)
		return err_set(err, ERR_SYSTEM, "%s key: HMAC failed", kind);
	out[0] = '\\';
	out[1] = 'x';
	text_hex(out + 2, md, IDENTITY_KEY_BYTES);
	return true;
}

bool
identity_key_address(const unsigned char secret[IDENTITY_SECRET_BYTES],
    const char *normalised, char out[IDENTITY_KEY_HEX], struct err *err)
{
	return key_make(secret, "address", &normalised, 1, out, err);
}

bool
identity_key_phone(const unsigned char secret[IDENTITY_SECRET_BYTES],
    const char *e164, char out[IDENTITY_KEY_HEX], struct err *err)
{
	return key_make(secret, "phone", &e164, 1, out, err);
}

bool
identity_key_card(const unsigned char secret[IDENTITY_SECRET_BYTES],
    const char *connector, const char *contact_id,
    char out[IDENTITY_KEY_HEX], struct err *err)
{
	const char *const part[] = { connector, contact_id };

	return key_make(secret, "card", part, 2, out, err);
}

/* ---- random -------------------------------------------------------------- */

bool
identity_random(void *out, size_t len, struct err *err)
{
	unsigned char *p = out;

	while (len > 0) {
		const ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, ERR_SYSTEM, "getrandom");
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool
identity_uuid(char out[37], struct err *err)
{
	unsigned char b[16];
	char digits[33], *d = digits;

	if (!identity_random(b, sizeof(b), err))
		return false;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);	/* version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);	/* RFC 4122 */
	text_hex(digits, b, sizeof(b));
	for (size_t i = 0; i < 36; i++)
		out[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : *d++;
	out[36] = '\0';
	return true;
}

bool
identity_secret_parse(const char *hex,
    unsigned char secret[IDENTITY_SECRET_BYTES])
{
	for (size_t i = 0; i < IDENTITY_SECRET_BYTES; i++) {
		unsigned value = 0;
		for (size_t k = 0; k < 2; k++) {
			const char c = hex[2 * i + k];
			if (c >= '0' && c <= '9')
				value = value * 16 + (unsigned)(c - '0');
			else if (c >= 'a' && c <= 'f')
				value = value * 16 + (unsigned)(c - 'a' + 10);
			else
				return false;
		}
		secret[i] = (unsigned char)value;
	}
	return hex[(size_t)2 * IDENTITY_SECRET_BYTES] == '\0';
}
