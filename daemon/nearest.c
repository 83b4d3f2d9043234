#include "nearest.h"

#include <string.h>
#include <unicase.h>
#include <unistr.h>

#define LETTERS 64

static size_t
letters(const char *text, ucs4_t out[LETTERS])
{
	const uint8_t *s = (const uint8_t *)text;
	size_t left = strlen(text), n = 0;

	while (left > 0 && n < LETTERS) {
		ucs4_t c;
		const int len = u8_mbtouc(&c, s, left);
		out[n++] = uc_tolower(c);
		s += len;
		left -= (size_t)len;
	}
	return n;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Optimal string alignment; three rows of the matrix are enough. */
static size_t
distance(const ucs4_t *a, size_t n, const ucs4_t *b, size_t m)
{
	size_t rows[3][LETTERS + 1];

	for (size_t k = 0; k <= m; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *twice = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t k = 1; k <= m; k++) {
			const size_t other = a[i - 1] != b[k - 1];
			row[k] = least(above[k] + 1, row[k - 1] + 1,
			    above[k - 1] + other);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1] && twice[k - 2] + 1 < row[k])
				row[k] = twice[k - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

size_t
nearest_distance(const char *a, const char *b)
{
	ucs4_t x[LETTERS], y[LETTERS];
	const size_t n = letters(a, x), m = letters(b, y);

	return distance(x, n, y, m);
}

/* A third of the letters, at least one, at most four. */
static size_t
tolerance(const char *wanted)
{
	ucs4_t x[LETTERS];
	const size_t third = letters(wanted, x) / 3;

	return third < 1 ? 1 : third > 4 ? 4 : third;
}

size_t
nearest_find(const char *wanted, const char *const *names, size_t n,
    size_t *best, size_t max)
{
	const size_t most = tolerance(wanted);
	size_t found = 0;

	for (size_t far = 0; far <= most && found < max; far++)
		for (size_t i = 0; i < n && found < max; i++)
			if (nearest_distance(wanted, names[i]) == far)
				best[found++] = i;
	return found;
}
