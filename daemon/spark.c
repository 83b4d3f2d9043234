#include "spark.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "clock.h"

#define LEVELS 8

const char *
spark_line(struct arena *arena, const long long *v, size_t n, bool utf8)
{
	static const char *const blocks[LEVELS] = { "\xe2\x96\x81",
		"\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85",
		"\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88" };
	static const char *const ascii[LEVELS] = { "_", ".", ":", "-", "=", "+",
		"*", "#" };
	AUTO(buf) struct buf out;
	long long max = 0;

	buf_init(&out, 4 * n + 1);
	for (size_t i = 0; i < n; i++)
		max = v[i] > max ? v[i] : max;
	for (size_t i = 0; i < n; i++) {
		if (v[i] == SPARK_NONE) {
			(void)buf_str(&out, utf8 ? "\xc2\xb7" : " ");
			continue;
		}
		const long long level = v[i] <= 0 ? 0
		    : ((LEVELS - 1) * v[i] + max - 1) / max;
		(void)buf_str(&out, utf8 ? blocks[level] : ascii[level]);
	}
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

bool
spark_locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		value = getenv(names[i]);
		if (value != NULL && *value != '\0')
			break;
	}
	return value != NULL && (strcasestr(value, "utf-8") != NULL ||
	    strcasestr(value, "utf8") != NULL);
}

int
plan_used_up(const struct plan *p)
{
	const long long left = p->budget - p->used;

	if (p->budget <= 0)
		return NO_DAY;
	if (left <= 0)
		return p->today;
	if (p->recent <= 0)
		return NO_DAY;
	const long long days = (left * p->recent_days + p->recent - 1) /
	    p->recent;
	if (days > 366)
		return NO_DAY;
	const int day = day_add(p->today, (int)days);
	return day / 10000 == p->today / 10000 ? day : NO_DAY;
}
