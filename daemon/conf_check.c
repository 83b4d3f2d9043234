/*
 * What a bound in a table cannot say: clock times, days, zones, domains.
 */
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "conf_load.h"
#include "identity.h"
#include "mail.h"
#include "tag.h"

static bool
is_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* "09:00"; exactly five characters. */
static bool
parse_minutes(const char *s, size_t len, int *minutes)
{
	if (len != 5 || s[2] != ':' || !is_digits(s, 2) ||
	    !is_digits(s + 3, 2))
		return false;
	const int hour = (s[0] - '0') * 10 + s[1] - '0';
	const int minute = (s[3] - '0') * 10 + s[4] - '0';
	*minutes = hour * 60 + minute;
	return hour <= 23 && minute <= 59;
}

bool
conf_parse_minutes(const char *text, int *minutes)
{
	return parse_minutes(text, strlen(text), minutes);
}

static bool
is_word(const char *s, const char *extra)
{
	for (; *s != '\0'; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !is_digits(s, 1) && strchr(extra, *s) == NULL)
			return false;
	return true;
}

static size_t
find_text(const char *const *list, const char *text)
{
	size_t i = 0;

	while (list[i] != NULL && strcmp(list[i], text) != 0)
		i++;
	return i;
}

/* ---- top --------------------------------------------------------------- */
static bool
check_top(const struct conf_load *l)
{
	const struct conf *c = l->conf;

	if (*c->tenant == '\0' || strlen(c->tenant) > 64 ||
	    !is_word(c->tenant, "._-"))
		return conf_fail(l, "tenant", "expected 1 to 64 letters, "
		    "digits, '.', '_' or '-'");
	if (!clock_zone_exists(c->timezone))
		return conf_fail(l, "timezone", "there is no zone \"%.40s\"; "
		    "expected a name such as \"Europe/Copenhagen\"",
		    c->timezone);
	if (strstr(c->database, "password") != NULL)
		return conf_fail(l, "database", "a password never stands in "
		    "the configuration; expected passfile=PATH or none");
	if (strncmp(c->database, "postgres", 8) == 0 &&
	    strstr(c->database, "://") != NULL)
		return conf_fail(l, "database", "expected key=value pairs, "
		    "\"host=... dbname=...\", not an address");
	return true;
}

/* ---- send -------------------------------------------------------------- */
static bool
check_window(const struct conf_load *l, struct calendar *cal)
{
	const char *w = l->conf->send.window;
	const char *dash = strchr(w, '-');

	if (dash == NULL ||
	    !parse_minutes(w, (size_t)(dash - w), &cal->window_from_min) ||
	    !parse_minutes(dash + 1, strlen(dash + 1),
	    &cal->window_until_min) ||
	    cal->window_from_min == cal->window_until_min)
		return conf_fail(l, "send.window", "expected HH:MM-HH:MM, as "
		    "in \"23:00-06:00\"; got \"%.40s\"", w);
	return true;
}

static bool
check_weekdays(const struct conf_load *l, struct calendar *cal)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu",
		"fri", "sat", "sun", NULL };
	const struct strlist *days = &l->conf->send.weekdays;

	for (size_t i = 0; i < days->n; i++) {
		const size_t day = find_text(names, days->v[i]);
		if (names[day] == NULL)
			return conf_fail(l, "send.weekdays", "expected mon, "
			    "tue, wed, thu, fri, sat or sun; got \"%.40s\"",
			    days->v[i]);
		cal->weekdays |= 1u << day;
	}
	if (cal->weekdays == 0)
		return conf_fail(l, "send.weekdays",
		    "expected at least one day");
	return true;
}

static bool
check_holidays(const struct conf_load *l, struct calendar *cal)
{
	const struct strlist *list = &l->conf->send.holidays;
	AUTO(buf) struct buf known;

	buf_init(&known, 200);
	for (size_t i = 0; calendar_countries[i] != NULL; i++)
		buf_printf(&known, "%s%s", i == 0 ? "" : ", ",
		    calendar_countries[i]);
	for (size_t i = 0; i < list->n; i++)
		if (calendar_countries[find_text(calendar_countries,
		    list->v[i])] == NULL)
			return conf_fail(l, "send.holidays", "expected "
			    "countries out of %s; got \"%.40s\"",
			    buf_text(&known), list->v[i]);
	cal->holidays = list->v;
	cal->n_holidays = list->n;
	return true;
}

/* Both ends are closed in the file; half-open in the struct. */
static bool
parse_closed(const char *text, struct arena *arena, struct day_range *range)
{
	const char *dots = strstr(text, "..");
	const char *first = dots == NULL ? text :
	    arena_strndup(arena, text, (size_t)(dots - text));

	if (first == NULL)
		return false;
	const int from = day_parse(first);
	const int last = dots == NULL ? from : day_parse(dots + 2);
	if (from == NO_DAY || last == NO_DAY || last < from)
		return false;
	range->from = from;
	range->until = day_add(last, 1);
	return true;
}

static bool
check_closed(const struct conf_load *l, struct calendar *cal)
{
	const struct strlist *list = &l->conf->send.closed;
	struct day_range *ranges = arena_array(l->arena, list->n + 1,
	    sizeof(*ranges));

	if (ranges == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < list->n; i++)
		if (!parse_closed(list->v[i], l->arena, &ranges[i]))
			return conf_fail(l, "send.closed", "expected a day, "
			    "\"2026-12-24\", or first and last day, "
			    "\"2026-12-24..2027-01-02\"; got \"%.40s\"",
			    list->v[i]);
	cal->closed = ranges;
	cal->n_closed = list->n;
	return true;
}

static bool
check_send(const struct conf_load *l)
{
	struct conf *c = l->conf;
	struct calendar *cal = &c->calendar;

	cal->zone = c->timezone;
	cal->push_ahead = c->send.push_ahead;
	if (!parse_minutes(c->send.at, strlen(c->send.at),
	    &cal->send_at_min))
		return conf_fail(l, "send.at", "expected HH:MM, as in "
		    "\"09:00\"; got \"%.40s\"", c->send.at);
	if (c->send.spread_min % 60 != 0)
		return conf_fail(l, "send.spread",
		    "expected whole minutes, as in \"20m\"");
	c->send.spread_min /= 60;	/* the table filled in seconds */
	return check_window(l, cal) && check_weekdays(l, cal) &&
	    check_holidays(l, cal) && check_closed(l, cal);
}

/* Minutes of a day from a to b, going forward. */
static int
minutes_to(int a, int b)
{
	return (b - a + 24 * 60) % (24 * 60);
}

/* A night decides for the hour that follows its window; the two never meet, or
 * who is due would be decided again before that hour. */
bool
conf_check_hours(const struct conf_load *l)
{
	struct calendar *cal = &l->conf->calendar;
	const int until = cal->window_until_min;

	cal->by_hour = (l->conf->survey.connector->info.caps &
	    SURVEY_CAP_SCHEDULES) == 0;
	if (!cal->by_hour)
		return true;
	/* Who has to wait for a sending day waits here. */
	cal->push_ahead = false;
	if (minutes_to(until, cal->send_at_min) + 60 <=
	    minutes_to(until, cal->window_from_min))
		return true;
	return conf_fail(l, "send.at", "expected an hour outside send.window: "
	    "\"%.40s\" keeps no mail until its time, so the hour from send.at "
	    "is when it gets them", l->conf->survey.driver);
}

/* ---- the rest ---------------------------------------------------------- */
/* As SMTP takes it: the domain in ASCII.  An address of a person stays out of
 * the message. */
static bool
check_recipient(const struct conf_load *l, size_t i, const char **out)
{
	const char *domain, *address, *text = l->conf->preview.to.v[i];

	if (identity_address(l->arena, text, &address, &domain) != ADDRESS_OK)
		return conf_fail(l, "preview.to", "expected mail addresses; "
		    "number %zu is none", i + 1);
	text += strspn(text, " ");
	*out = arena_printf(l->arena, "%.*s@%s", (int)strcspn(text, "@"), text,
	    domain);
	if (*out == NULL)
		return err_nomem(l->err);
	return mail_address_ok(*out) || conf_fail(l, "preview.to",
	    "number %zu: expected ASCII before the '@'", i + 1);
}

static bool
check_preview(const struct conf_load *l)
{
	struct conf *c = l->conf;
	const char **to = arena_array(l->arena, c->preview.to.n + 1,
	    sizeof(*to));

	if (!parse_minutes(c->preview.at, strlen(c->preview.at),
	    &c->preview.at_min))
		return conf_fail(l, "preview.at", "expected HH:MM, as in "
		    "\"14:00\"; got \"%.40s\"", c->preview.at);
	for (size_t i = 0; to != NULL && i < c->preview.to.n; i++)
		if (!check_recipient(l, i, &to[i]))
			return false;
	c->preview.to.v = to;
	return to != NULL || err_nomem(l->err);
}

/* A password alone is a slip; one that is not asked for is another. */
static bool
check_mail(const struct conf_load *l)
{
	const struct conf *c = l->conf;
	bool loopback = false;
	struct err err;

	if (*c->mail.smtp_url == '\0')
		return true;
	if (!mail_check_url(c->mail.smtp_url, &loopback, &err))
		return conf_fail(l, "mail.smtp_url", "%s", err.msg);
	if (c->test && !loopback)
		return conf_fail(l, "mail.smtp_url", "expected this machine, "
		    "such as smtp://127.0.0.1, with test = true");
	if (!mail_address_ok(c->mail.from))
		return conf_fail(l, "mail.from", "expected the mail address "
		    "that mails come from");
	if ((*c->mail.user == '\0') != (*c->mail.password == '\0'))
		return conf_fail(l, "mail.password", "expected user and "
		    "password, or neither");
	return true;
}

bool
conf_domains(const struct conf_load *l, const char *path, struct strlist *list)
{
	const char **v = arena_array(l->arena, list->n + 1, sizeof(*v));
	const char *whole;

	for (size_t i = 0; v != NULL && i < list->n; i++) {
		const char *probe = arena_printf(l->arena, "x@%s",
		    list->v[i]);
		if (probe != NULL && (strchr(list->v[i], '@') != NULL ||
		    identity_address(l->arena, probe, &whole, &v[i]) !=
		    ADDRESS_OK))
			return conf_fail(l, path, "expected domains such as "
			    "\"example.dk\"; number %zu is none", i + 1);
	}
	list->v = v;
	return arena_failed(l->arena) ? err_nomem(l->err) : true;
}

static bool
check_domains(const struct conf_load *l)
{
	struct strlist *list = &l->conf->rules.own_domains;

	if (list->n == 0)
		return conf_fail(l, "rules.own_domains", "expected at least "
		    "one domain, [ \"example.dk\" ]: own people are never "
		    "asked");
	return conf_domains(l, "rules.own_domains", list);
}

static bool
check_phone_prefix(const struct conf_load *l)
{
	const char *prefix = l->conf->identity.phone_prefix;
	const size_t len = strlen(prefix);

	if (len == 0 || (prefix[0] == '+' && len >= 2 && len <= 5 &&
	    prefix[1] != '0' && is_digits(prefix + 1, len - 1)))
		return true;
	return conf_fail(l, "identity.phone_prefix", "expected a country "
	    "code such as \"+45\"; got \"%.40s\"", prefix);
}

static bool
check_identity(const struct conf_load *l)
{
	static const char *const kinds[] = { "address", "phone", NULL };
	const struct strlist *match = &l->conf->identity.match;
	bool has_address = false;

	for (size_t i = 0; i < match->n; i++) {
		const size_t kind = find_text(kinds, match->v[i]);
		if (kinds[kind] == NULL)
			return conf_fail(l, "identity.match", "expected "
			    "address or phone; got \"%.40s\"", match->v[i]);
		has_address |= kind == 0;
	}
	if (!has_address)
		return conf_fail(l, "identity.match",
		    "expected \"address\" in the list");
	return check_phone_prefix(l);
}

static bool
check_writeback(const struct conf_load *l)
{
	const char *prefix = l->conf->writeback.tag_prefix;
	const char *plain = tag_normalise(l->arena, prefix);

	/* A tag is read as prefix up to its first dot, in composed letters. */
	if (*prefix == '\0' || strpbrk(prefix, ".;,\n\t") != NULL ||
	    plain == NULL || strcmp(plain, prefix) != 0)
		return conf_fail(l, "writeback.tag_prefix", "expected a word "
		    "without dots, in composed letters and with no blanks around; "
		    "got \"%.40s\"", prefix);
	/* Skip is for one time, NoSend for ever. */
	const char *no_send = l->conf->rules.no_send_tag;
	const size_t len = strlen(prefix);
	if (strncmp(no_send, prefix, len) == 0 && no_send[len] == '.' &&
	    (strcasecmp(no_send + len + 1, "Skip") == 0 ||
	        strncasecmp(no_send + len + 1, "Ask.", 4) == 0))
		return conf_fail(l, "rules.no_send_tag", "expected another tag: "
		    "\"%.60s\" tells npsync something else", no_send);
	return conf_check_writeback(l);
}

static bool
check_report(const struct conf_load *l)
{
	const int confidence = l->conf->report.confidence;

	return confidence == 90 || confidence == 95 ||
	    conf_fail(l, "report.confidence", "expected 95 or 90; got %d",
	        confidence);
}

bool
conf_check(const struct conf_load *l)
{
	return check_top(l) && check_send(l) && check_preview(l) &&
	    check_mail(l) &&
	    check_domains(l) && check_identity(l) && check_writeback(l) &&
	    check_report(l);
}
