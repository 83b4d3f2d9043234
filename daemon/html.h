/*
 * html.h - text that others wrote, inside a page.
 */
#ifndef NPSYNC_HTML_H
#define NPSYNC_HTML_H

#include <stdio.h>

#include "npsync.h"

/* Text is text, whatever it looks like: in an element or a quoted attribute.
 * NULL = nothing. */
void html_put(FILE *out, const char *s);

#endif
