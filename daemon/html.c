#include "html.h"

#include "text.h"

void
html_put(FILE *out, const char *s)
{
	char piece[TEXT_PIECE];
	size_t took;

	for (; s != NULL && (took = text_piece(s, piece)) > 0; s += took)
		switch (piece[0]) {
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		default:
			(void)fputs(piece, out);
		}
}
