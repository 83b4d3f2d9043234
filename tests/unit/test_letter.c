/* letter.c: every text in every language, and no code of ours in any letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "letter.h"
#include "text.h"

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* Whole, with the same places for a value in each language. */
static void
test_texts(void **state)
{
	(void)state;
	for (int t = 0; t < LETTER_TEXTS; t++) {
		const size_t values = letter_texts[t][0] == NULL ? 9
		    : count(letter_texts[t][0], "%s");
		assert_true(values <= 1);
		for (int l = 0; l < LETTER_LANGUAGES; l++) {
			const char *s = letter_texts[t][l];
			if (s == NULL || *s == '\0' || !text_valid(s) ||
			    count(s, "%s") != values ||
			    count(s, "%") != values)
				fail_msg("text %d, language %d", t, l);
		}
	}
	for (int l = 0; l < LETTER_LANGUAGES; l++)
		for (int m = 0; m < 12; m++)
			assert_non_null(letter_months[l][m]);
}

static struct letter
a_letter(enum letter_language language)
{
	return (struct letter){ .language = language, .outcome = LETTER_ASKED,
		.name = "Anna 100% Sørensen", .trigger = "meet",
		.employee = "Ole Larsen", .department = "Salg", .company = "Kunde A/S",
		.event_day = 20261201, .sent_day = 20261202,
		.address = "anna@kunde.dk", .contact_language = "da-DK",
		.consent = LETTER_CONSENT_YES, .consent_day = 20260305,
		.sender = "Firma A/S", .contact = "", .basis = "" };
}

static const char *
written(const struct letter *letter)
{
	static char text[8192];
	AUTO(buf) struct buf out;
	struct err err = { 0 };

	buf_init(&out, sizeof(text) - 1);
	assert_true(letter_write(letter, &out, &err));
	memcpy(text, buf_text(&out), out.len + 1);
	return text;
}

static void
test_asked(void **state)
{
	struct letter l = a_letter(LETTER_EN);

	(void)state;
	assert_string_equal(written(&l), "Dear Anna 100% Sørensen,\n\n"
	    "You asked why you received a survey from us. This is what we have on"
	    " record.\n\nOn 1 December 2026 you had a meeting with us.\n"
	    "Your contact with us: Ole Larsen.\nDepartment: Salg.\n"
	    "So we sent you a survey on 2 December 2026. We sent it once; a"
	    " reminder belongs to the same survey.\n"
	    "It is Firma A/S who asks; a supplier sends the survey for us.\n\n"
	    "These details from our customer system were used:\n"
	    "- your mail address: anna@kunde.dk\n- your language: Danish\n"
	    "- your company: Kunde A/S\n"
	    "- that you agreed to be asked, on 5 March 2026\n\n"
	    "We asked on the basis of our legitimate interest in knowing what our"
	    " customers think of us (GDPR, article 6(1)(f)).\n\n"
	    "If you do not want to be asked again, answer this letter, or use the"
	    " link to unsubscribe in the mail with the survey. You need not give a"
	    " reason.\nYou can also ask to see, correct or have erased what we"
	    " hold about you.\n\nKind regards\nFirma A/S\n");
	l = a_letter(LETTER_DA);
	assert_non_null(strstr(written(&l), "Den 1. december 2026 havde du et"));
	l.consent_needed = true;
	assert_non_null(strstr(written(&l), "på grundlag af dit samtykke"));
	l.basis = "markedsføringsloven § 10";
	l.contact = "data@firma.dk";
	l.address_changed = true;
	l.contact_language = "pl";
	l.consent = LETTER_CONSENT_NO;
	l.outcome = LETTER_PERHAPS_ASKED;
	assert_non_null(strstr(written(&l), "markedsføringsloven § 10\n"));
	assert_non_null(strstr(written(&l), "så skriv til data@firma.dk,"));
	assert_null(strstr(written(&l), "anna@kunde.dk"));
	assert_null(strstr(written(&l), "sprog"));
	assert_non_null(strstr(written(&l), "ikke var noteret et samtykke"));
	assert_non_null(strstr(written(&l), "ikke fået bekræftet"));
}

/* Of whatever reason, in whatever language: words, no code. */
static void
test_not_asked(void **state)
{
	static const char *const reasons[] = { "gone", "anonymised", "excluded",
		"paused", "trigger_off", "internal", "left_company", "no_send",
		"company_no_send", "opted_out", "no_contact", "no_address",
		"bad_address", "role_address", "no_consent", "no_campaign",
		"filtered", "before_start", "too_old", "active_again", "planned",
		"throttled", "company_cap", "duplicate_person", "pilot",
		"over_budget", "over_cap", "flood", "expired", "failed" };
	static const char *const triggers[] = { "meet", "sale", "loss", "case",
		"inact", "manual", "a_code" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		for (int l = 0; l < LETTER_LANGUAGES; l++) {
			struct letter x = a_letter((enum letter_language)l);
			x.outcome = LETTER_NOT_ASKED;
			x.reason = reasons[i];
			x.trigger = triggers[i % ARRAY_LEN(triggers)];
			assert_int_not_equal(letter_reason(reasons[i]),
			    LETTER_NOT_RULES);
			const char *text = written(&x);
			assert_null(strchr(text, '_'));
			assert_non_null(strstr(text,
			    letter_texts[letter_reason(reasons[i])][l]));
			assert_null(strstr(text, "anna@kunde.dk"));
		}
	assert_int_equal(letter_reason("new_one"), LETTER_NOT_RULES);
	assert_int_equal(letter_reason(NULL), LETTER_NOT_RULES);
	struct letter x = a_letter(LETTER_SV);
	x.outcome = LETTER_UNDECIDED;
	x.name = NULL;
	assert_non_null(strstr(written(&x), "Hej\n\nDu har frågat om"));
}

static void
test_languages(void **state)
{
	enum letter_language l = LETTER_EN;

	(void)state;
	assert_int_equal(letter_language("da"), LETTER_DA);
	assert_int_equal(letter_language("SV-se"), LETTER_SV);
	assert_int_equal(letter_language("nb_NO"), LETTER_NB);
	assert_int_equal(letter_language("nn"), LETTER_NB);
	assert_int_equal(letter_language("no"), LETTER_NB);
	assert_int_equal(letter_language("de"), LETTER_EN);
	assert_int_equal(letter_language("dag"), LETTER_EN);
	assert_int_equal(letter_language(NULL), LETTER_EN);
	assert_true(letter_language_parse("sv", &l));
	assert_int_equal(l, LETTER_SV);
	assert_false(letter_language_parse("no", &l));
	assert_false(letter_language_parse("", &l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_languages),
	};

	return cmocka_run_group_tests_name("letter", tests, NULL, NULL);
}
