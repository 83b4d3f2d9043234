#include "db.h"

#include <string.h>

#include "clock.h"

#define ARRAY_MAX ((size_t)64 << 20)

void
db_args_init(struct db_args *args, struct arena *arena)
{
	*args = (struct db_args){ .arena = arena };
}

void
db_arg_text(struct db_args *args, const char *text)
{
	if (args->n >= DB_ARGS_MAX) {
		args->n = DB_ARGS_MAX + 1;
		args->failed = true;
		return;
	}
	args->v[args->n++] = text;
}

/* text came from the arena: NULL is no null but no memory. */
static void
arg_made(struct db_args *args, const char *text)
{
	if (text == NULL)
		args->failed = true;
	db_arg_text(args, text);
}

void
db_arg_int(struct db_args *args, long long value)
{
	arg_made(args, arena_printf(args->arena, "%lld", value));
}

void
db_arg_bool(struct db_args *args, bool value)
{
	db_arg_text(args, value ? "t" : "f");
}

void
db_arg_time(struct db_args *args, time_t t)
{
	char text[32];

	if (t == NO_TIME)
		db_arg_text(args, NULL);
	else
		arg_made(args, arena_strdup(args->arena, clock_iso(text, t)));
}

void
db_arg_day(struct db_args *args, int day)
{
	char text[16];

	if (day == NO_DAY)
		db_arg_text(args, NULL);
	else
		arg_made(args, arena_strdup(args->arena, day_iso(text, day)));
}

void
db_array_init(struct db_array *array)
{
	array->n = 0;
	buf_init(&array->buf, ARRAY_MAX);
}

void
db_array_reset(struct db_array *array)
{
	array->n = 0;
	buf_reset(&array->buf);
}

void
db_array_free(struct db_array *array)
{
	array->n = 0;
	buf_free(&array->buf);
}

/* A failure stays in the buf and is seen by db_arg_array. */
static void
element_raw(struct db_array *array, const char *text)
{
	(void)buf_char(&array->buf, array->n == 0 ? '{' : ',');
	(void)buf_str(&array->buf, text);
	array->n++;
}

void
db_array_text(struct db_array *array, const char *text)
{
	if (text == NULL) {
		element_raw(array, "NULL");
		return;
	}
	element_raw(array, "\"");
	while (*text != '\0') {
		const size_t plain = strcspn(text, "\"\\");

		(void)buf_add(&array->buf, text, plain);
		text += plain;
		if (*text != '\0') {
			(void)buf_char(&array->buf, '\\');
			(void)buf_char(&array->buf, *text++);
		}
	}
	(void)buf_char(&array->buf, '"');
}

void
db_array_texts(struct db_array *array, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_array_text(array, texts[i]);
}

void
db_array_int(struct db_array *array, long long value)
{
	element_raw(array, "");
	(void)buf_printf(&array->buf, "%lld", value);
}

void
db_array_bool(struct db_array *array, bool value)
{
	element_raw(array, value ? "t" : "f");
}

void
db_array_time(struct db_array *array, time_t t)
{
	char text[32];

	element_raw(array, t == NO_TIME ? "NULL" : clock_iso(text, t));
}

void
db_array_day(struct db_array *array, int day)
{
	char text[16];

	element_raw(array, day == NO_DAY ? "NULL" : day_iso(text, day));
}

void
db_arg_array(struct db_args *args, struct db_array *array)
{
	struct buf *buf = &array->buf;

	if (array->n == 0 && buf->len == 0)
		(void)buf_char(buf, '{');
	/* A closed array may be passed twice: text ends in '"', never '}'. */
	if (buf->len > 0 && buf->s[buf->len - 1] != '}')
		(void)buf_char(buf, '}');
	if (buf->failed)
		args->failed = true;
	db_arg_text(args, buf_text(buf));
}

void
db_arrays_init(struct db_array *arrays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_array_init(&arrays[i]);
}

void
db_arrays_reset(struct db_array *arrays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_array_reset(&arrays[i]);
}

void
db_arrays_free(struct db_array *arrays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_array_free(&arrays[i]);
}

void
db_arg_arrays(struct db_args *args, struct db_array *arrays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_arg_array(args, &arrays[i]);
}
