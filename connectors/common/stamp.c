#include "stamp.h"

#include <stdio.h>
#include <string.h>

const char *
stamp_http(char buf[32], time_t t)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct civil c;

	clock_local("UTC", t, &c);
	(void)snprintf(buf, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[(t / 86400) % 7], c.day, months[c.month - 1], c.year, c.hour,
	    c.minute, c.second);
	return buf;
}

time_t
stamp_up(const char *text)
{
	const char *dot = text == NULL ? NULL : strchr(text, '.');
	const size_t zeros = dot == NULL ? 0 : strspn(dot + 1, "0");
	time_t t;

	if (text == NULL || !clock_parse_iso(text, "UTC", &t) || t < 0)
		return NO_TIME;
	return dot != NULL && strchr("123456789", dot[1 + zeros]) != NULL &&
	    dot[1 + zeros] != '\0' ? t + 1 : t;
}
