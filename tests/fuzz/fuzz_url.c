/*
 * What a server offers as the next page.  The first byte chooses a base
 * address; the offer of the page before the last and that of the last follow,
 * with NUL between them.  Whatever is accepted is compared by libcurl's parser with
 * other settings than url.c uses, and by hand.
 */
#include <curl/curl.h>
#include <curl/mprintf.h>

#include "fuzz.h"
#include "url.h"

static const char *const bases[] = { "https://api.example.dk/v1",
	"https://api.example.dk", "https://api.example.dk:8443/v1/",
	"http://127.0.0.1:8080/v1", "http://[::1]:81/a/b",
	"https://Api.Example.dk/V1" };

static const CURLUPart origin[] = { CURLUPART_SCHEME, CURLUPART_HOST,
	CURLUPART_PORT };

static CURLU *
parse(const char *url)
{
	CURLU *u = curl_url();

	CHECK(u != NULL);
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

/* "" for what is not there; the caller frees it with curl_free. */
static char *
part(CURLU *u, CURLUPart what)
{
	char *s = NULL;

	if (curl_url_get(u, what, &s, CURLU_DEFAULT_PORT) == CURLUE_OK)
		return s;
	return curl_maprintf("%s", "");
}

static bool
same_part(CURLU *a, CURLU *b, CURLUPart what)
{
	char *x = part(a, what), *y = part(b, what);
	const bool same = curl_strequal(x, y);

	curl_free(x);
	curl_free(y);
	return same;
}

static bool
has_part(CURLU *u, CURLUPart what)
{
	char *s = NULL;
	const bool has = curl_url_get(u, what, &s, 0) == CURLUE_OK;

	curl_free(s);
	return has;
}

static void
check_origin(const char *url, const char *base)
{
	CURLU *u = parse(url), *b = parse(base);

	CHECK(u != NULL && b != NULL);
	for (size_t i = 0; i < ARRAY_LEN(origin); i++)
		CHECK(same_part(u, b, origin[i]));
	CHECK(!has_part(u, CURLUPART_USER) &&
	    !has_part(u, CURLUPART_PASSWORD) &&
	    !has_part(u, CURLUPART_OPTIONS) &&
	    !has_part(u, CURLUPART_FRAGMENT));
	/* Without dots: where the path really leads. */
	char *path = part(u, CURLUPART_PATH), *below = part(b, CURLUPART_PATH);
	size_t len = strlen(below);
	while (len > 0 && below[len - 1] == '/')
		len--;
	CHECK(strncmp(path, below, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'));
	curl_free(path);
	curl_free(below);
	curl_url_cleanup(u);
	curl_url_cleanup(b);
}

/* No segment reads "." or ".." up to its parameters, however often it was
 * escaped. */
static void
check_dots(const char *url)
{
	char *path = strndup(url, strcspn(url, "?"));
	size_t before;

	do {
		before = strlen(path);
		char *plain = curl_easy_unescape(NULL, path, 0, NULL);
		CHECK(plain != NULL);
		free(path);
		path = strdup(plain);
		curl_free(plain);
	} while (strlen(path) < before);
	const char *host = strstr(path, "://") + 3;
	for (const char *p = host + strcspn(host, "/"); *p != '\0';) {
		const size_t len = strcspn(p, "/\\;");
		CHECK(len == 0 || len > 2 || strspn(p, ".") < len);
		p += strcspn(p, "/\\");
		p += *p != '\0';
	}
	free(path);
}

/* As a reader would see it who knows no parser. */
static void
check_text(const char *url, const char *base)
{
	const char *host = strstr(base, "://") + 3;
	const size_t len = (size_t)(host - base) + strcspn(host, "/");

	CHECK(strlen(url) <= 16384 && fuzz_is_line(url));
	CHECK(strpbrk(url, " \\#") == NULL);
	for (const char *p = url; *p != '\0'; p++)
		CHECK((unsigned char)*p < 0x80);
	const size_t same = strspn(url, "htpsHTPS");
	CHECK(strncmp(url + same, "://", 3) == 0);
	/* The port may be left out where it is the scheme's own. */
	const char *end = url + same + 3 + strcspn(url + same + 3, "/?#");
	CHECK(memchr(url, '@', (size_t)(end - url)) == NULL);
	CHECK((size_t)(end - url) >= len - 6);
}

static void
check_building(struct arena *arena, const char *base, const char *text)
{
	char *url = url_join(arena, base, text);
	CHECK(url != NULL);
	CURLU *u = parse(url), *b = parse(base);
	if (u != NULL)
		for (size_t i = 0; i < ARRAY_LEN(origin); i++)
			CHECK(same_part(u, b, origin[i]));
	curl_url_cleanup(u);
	curl_url_cleanup(b);

	const char *escaped = url_escape(arena, text);
	CHECK(escaped != NULL && strlen(escaped) <= 3 * strlen(text));
	CHECK(strspn(escaped, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%") == strlen(escaped));
	int len = 0;
	char *back = curl_easy_unescape(NULL, escaped, 0, &len);
	CHECK(back != NULL && (size_t)len == strlen(text) &&
	    strcmp(back, text) == 0);
	curl_free(back);

	url = url_add_query(arena, base, "cursor", text);
	CHECK(url != NULL && strncmp(url, base, strlen(base)) == 0);
}

static void
check_log(struct arena *arena, const char *url)
{
	const char *shown = url_for_log(arena, url);

	CHECK(shown != NULL && fuzz_is_line(shown));
	/* A '?' stands for a byte that is not shown. */
	CHECK(strpbrk(shown, "#@") == NULL);
	CHECK(strlen(shown) <= strcspn(url, "?#"));
}

static void
check_next(struct arena *arena, const char *base, const char *current,
    const char *offered)
{
	struct err err = { .kind = ERR_NONE };
	const char *next = url_next(arena, base, current, offered, &err);

	if (next == NULL) {
		CHECK(err.kind == ERR_PROTOCOL && fuzz_is_line(err.msg));
		return;
	}
	check_origin(next, base);
	check_text(next, base);
	check_dots(next);
	CHECK(strcmp(next, current) != 0);
	/* The same page again: refused, or the night would never end. */
	CHECK(url_next(arena, base, next, next, &err) == NULL);
	CHECK(fuzz_same(url_next(arena, base, current, next, &err), next));
}

/* The page just read: the first one, or the one that was offered there. */
static const char *
current_page(struct arena *arena, const char *base, const char *offered)
{
	struct err err;
	const char *first = url_join(arena, base, "list/x?page=1");
	const char *next = url_next(arena, base, first, offered, &err);

	return next == NULL ? first : next;
}

static void
check_pages(struct arena *arena, const char *base, const char *one,
    const char *two)
{
	const char *current = current_page(arena, base, one);

	check_next(arena, base, current, one);
	check_next(arena, base, current, two);
	check_building(arena, base, two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	const char *base = bases[fuzz_byte(&in) % ARRAY_LEN(bases)];
	struct arena *arena = arena_new((size_t)1 << 22);
	char *one = fuzz_text(&in), *two = fuzz_text(&in);
	struct err err = { .kind = ERR_NONE };

	CHECK(arena != NULL);
	check_pages(arena, base, one, two);
	check_log(arena, two);
	if (url_check_base(two, false, &err))
		check_pages(arena, two, one, one);
	else
		CHECK(err.kind == ERR_CONFIG && fuzz_is_line(err.msg));
	CHECK(!arena_failed(arena));
	free(one);
	free(two);
	arena_free(arena);
	return 0;
}
