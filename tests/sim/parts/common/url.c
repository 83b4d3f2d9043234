/*
 * url.c - paths, query strings and forms.
 */
#include "url.h"

#include <stdlib.h>

#include "base.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
url_decode_to(const char *s, size_t len, bool plus, char *out)
{
	for (size_t i = 0; i < len; i++) {
		int c = plus && s[i] == '+' ? ' ' : (unsigned char)s[i];
		if (s[i] == '%') {
			const int high = i + 2 < len ? hex(s[i + 1]) : -1;
			const int low = high < 0 ? -1 : hex(s[i + 2]);
			c = low < 0 ? 0 : 16 * high + low;
			i += 2;
		}
		if (c == 0)
			return false;
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

char *
url_decode(const char *s, size_t len, bool plus)
{
	char *out = need(malloc(len + 1));
	json_t *checked = url_decode_to(s, len, plus, out) ? json_string(out)
							   : NULL;

	if (checked == NULL) {
		free(out);
		return NULL;
	}
	json_decref(checked);
	return out;
}

char *
url_param(const char *query, const char *name)
{
	const size_t len = strlen(name);

	while (query != NULL && *query != '\0') {
		const size_t n = strcspn(query, "&");
		if (n > len && query[len] == '=' &&
		    strncmp(query, name, len) == 0)
			return url_decode(query + len + 1, n - len - 1, true);
		query += n + (query[n] == '&');
	}
	return NULL;
}

static bool
pair_read(json_t *form, const char *s, size_t len)
{
	const size_t eq = strcspn(s, "=&");
	char *name = url_decode(s, eq, true);
	char *value = eq < len ? url_decode(s + eq + 1, len - eq - 1, true)
			       : NULL;
	const bool good = name != NULL && value != NULL &&
	    json_object_get(form, name) == NULL &&
	    json_object_set_new(form, name, json_string(value)) == 0;

	free(name);
	free(value);
	return good;
}

json_t *
form_read(const char *s)
{
	json_t *form = json_object();

	while (s != NULL && *s != '\0') {
		const size_t len = strcspn(s, "&");
		if (!pair_read(form, s, len)) {
			json_decref(form);
			return NULL;
		}
		s += len + (s[len] == '&');
	}
	return form;
}
