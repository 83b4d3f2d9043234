/*
 * contact_sql.h - what statements of several places say of a card.
 */
#ifndef NPSYNC_CONTACT_SQL_H
#define NPSYNC_CONTACT_SQL_H

/* Some CRMs keep a whole name, some its parts; NULL = neither. */
#define CONTACT_NAME(a)                                                      \
	"coalesce(NULLIF(" a ".full_name, ''),"                              \
	" NULLIF(concat_ws(' ', " a ".first_name, " a ".last_name), ''))"

#endif
