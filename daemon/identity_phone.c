/*
 * identity_phone.c - telephone numbers as people write them.
 */
#include "identity.h"

#include <string.h>
#include <unictype.h>
#include <unistr.h>

#define PHONE_DIGITS_MIN 8
#define PHONE_DIGITS_MAX 15

/* A number without what people put between its digits. */
struct number {
	char digits[PHONE_DIGITS_MAX + 8];
	size_t n;
	bool international;
};

/* Spaces, hyphens, dots, brackets, and the marks that address books of
 * telephones put around a number. */
static bool
is_filler(ucs4_t c)
{
	return c == '(' || c == ')' || c == '.' || c == '/' ||
	    uc_is_property(c, UC_PROPERTY_WHITE_SPACE) ||
	    uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Pd |
		UC_CATEGORY_MASK_Cf);
}

static bool
number_read(const char *phone, struct number *num)
{
	const uint8_t *s = (const uint8_t *)phone;
	ucs4_t c;
	int took;

	*num = (struct number){ .n = 0 };
	for (; (took = u8_strmbtouc(&c, s)) > 0; s += took) {
		if (c == '+' && num->n == 0 && !num->international) {
			num->international = true;
		} else if (c >= '0' && c <= '9') {
			if (num->n + 1 == sizeof(num->digits))
				return false;
			/* "+46 (0)70": the zero is for callers at home. */
			if (num->international && num->n > 0 &&
			    strncmp((const char *)s - 1, "(0)", 3) == 0)
				continue;
			num->digits[num->n++] = (char)c;
		} else if (!is_filler(c)) {
			return false;
		}
	}
	return took == 0;
}

static void
number_cut(struct number *num, size_t n)
{
	memmove(num->digits, num->digits + n, num->n - n + 1);
	num->n -= n;
}

/* Denmark and Norway: eight digits, no area codes, no leading zero.  Lists
 * hold "4512345678" beside "12345678". */
static bool
national_ok(struct number *num, const char *country)
{
	if (strcmp(country, "45") == 0 || strcmp(country, "47") == 0) {
		if (num->n == 10 && strncmp(num->digits, country, 2) == 0)
			number_cut(num, 2);
		return num->n == 8 && num->digits[0] != '0';
	}
	/* Elsewhere one zero is the way out of the area; Italy keeps it. */
	if (num->digits[0] == '0' && strcmp(country, "39") != 0)
		number_cut(num, 1);
	return num->n > 0 && (num->digits[0] != '0' ||
	    strcmp(country, "39") == 0);
}

/* Digits of "+45" (or "45"), NULL if it is none. */
static const char *
country_digits(const char *country_prefix)
{
	if (country_prefix == NULL)
		return NULL;
	const char *digits = country_prefix;
	if (digits[0] == '+')
		digits++;
	const size_t n = strspn(digits, "0123456789");
	return n > 0 && n <= 3 && digits[n] == '\0' && digits[0] != '0' ?
	    digits : NULL;
}

char *
identity_phone(struct arena *arena, const char *phone,
    const char *country_prefix)
{
	struct number num;
	const char *country = "";

	if (phone == NULL || !number_read(phone, &num) || num.n == 0)
		return NULL;
	if (!num.international && strncmp(num.digits, "00", 2) == 0) {
		num.international = true;
		number_cut(&num, 2);
	}
	if (!num.international) {
		country = country_digits(country_prefix);
		if (country == NULL || !national_ok(&num, country))
			return NULL;
	} else if (num.digits[0] == '0') {
		return NULL;
	}
	const size_t digits = strlen(country) + num.n;
	if (digits < PHONE_DIGITS_MIN || digits > PHONE_DIGITS_MAX)
		return NULL;
	return arena_printf(arena, "+%s%s", country, num.digits);
}
