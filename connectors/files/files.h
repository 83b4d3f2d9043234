/*
 * files.h - what the parts of the files connector share.
 *
 * crm.c      the border: open, check, pull
 * find.c     contacts by id and by address
 * options.c  the option table
 * source.c   the folder or server that the exports come from
 * fetch.c, archive.c   files of a server, members of an archive
 * sheet.c    one table = all files that match, read row by row
 * map.c, map_contact.c, cells.c   a row as the border's struct
 * lookup.c   companies and tags, the only rows held in memory
 * values.c   the values that stand in the files, counted
 * put.c, put_met.c, put_sheet.c   tags as an import sheet
 * put_effects.c   fields, answers, posts and tasks as import sheets
 */
#ifndef NPSYNC_FILES_H
#define NPSYNC_FILES_H

#include "arena.h"
#include "common/csv.h"
#include "connector.h"
#include "lookup.h"
#include "source.h"

#define FILES_PAGE 5000u	/* records between two checkpoints */
#define FILES_COLUMNS 24
#define FILES_FIELDS 16

enum files_kind { FILES_CONTACTS, FILES_COMPANIES, FILES_ACTIVITIES,
	FILES_DEALS, FILES_CASES, FILES_TAGS, FILES_COMPANY_TAGS, FILES_KINDS };
extern const char *const files_kind_names[FILES_KINDS];

/* Columns of each table; the order of the rows in options.c.  The first one
 * is the key: a row without it cannot be read. */
enum { CONTACT_ID, CONTACT_EMAIL, CONTACT_NAME, CONTACT_FIRST, CONTACT_LAST,
	CONTACT_PHONE, CONTACT_MOBILE, CONTACT_LANGUAGE, CONTACT_COUNTRY,
	CONTACT_COMPANY_ID, CONTACT_COMPANY, CONTACT_RELATION, CONTACT_SEGMENT,
	CONTACT_DEPARTMENT, CONTACT_OWNER, CONTACT_OWNER_NAME,
	CONTACT_OWNER_EMAIL, CONTACT_EMPLOYED, CONTACT_CONSENT,
	CONTACT_CONSENT_DATE, CONTACT_OPTED_OUT, CONTACT_TAGS,
	CONTACT_KEY, /* out.key, set by files_open */
	CONTACT_COLUMNS };
enum { COMPANY_ID, COMPANY_NAME, COMPANY_RELATION, COMPANY_SEGMENT,
	COMPANY_DEPARTMENT, COMPANY_COUNTRY, COMPANY_OWNER, COMPANY_OWNER_NAME,
	COMPANY_OWNER_EMAIL, COMPANY_TAGS, COMPANY_COLUMNS };
enum { ACT_ID, ACT_CONTACT, ACT_KIND, ACT_DATE, ACT_STATUS, ACT_EMPLOYEE,
	ACT_CATEGORY, ACT_AUTOMATIC, ACT_COLUMNS };
enum { DEAL_ID, DEAL_CONTACT, DEAL_DATE, DEAL_STATUS, DEAL_EMPLOYEE,
	DEAL_CATEGORY, DEAL_COLUMNS };	/* of cases too */
enum { TAG_OF, TAG_TEXT, TAG_COLUMNS };

/* One struct for every table; each uses what it needs. */
struct files_table {
	const char *file;	/* pattern; "" = there is no such table */
	const char *col[FILES_COLUMNS];
	/* activities */
	struct strlist meeting, phone, mail, done, cancelled, planned;
	bool past_is_done;
	/* deals, cases */
	struct strlist won, lost, closed;
	/* contacts, companies */
	struct strlist fields;
	const char *tag_separator, *email_template;
	int employed_default;	/* enum tri: the order of the choices */
};

struct files_out {
	const char *dir, *delimiter, *contact_column, *tag_column, *key;
	int charset;		/* enum csv_charset */
	bool bom, remove_list;
};

struct files_settings {
	const char *dir, *source, *archive, *ready, *tmp_dir;
	const char *delimiter, *quote, *timezone;
	int charset;		/* enum csv_charset */
	int take, max_mb;	/* enum files_take */
	struct files_remote remote;
	bool header;
	struct strlist date_format, yes, no;
	int lookup_mb;
	struct files_table table[FILES_KINDS];
	struct files_out out;
};
extern const struct opt files_opts[];
/* "file", then a row for each column, then the rest. */
extern const struct opt *const files_table_opts[FILES_KINDS];

/* ---- the open connector --------------------------------------------- */
struct files_company {
	const char *col[COMPANY_COLUMNS];
};
struct files {
	struct connector_env env;
	const struct files_settings *set;
	const char *zone;	/* of what has none */
	struct files_table table[FILES_KINDS];
	struct csv_format format, out_format;
	struct files_source source;
	struct arena *record;	/* emptied after each record */
	struct arena *index;	/* what follows */
	struct files_lookup words, companies, tags, company_tags;
	bool indexed;
};
/* Companies and tags, read once, or once more with again. */
NPS_MUSTCHECK bool files_index(struct files *f, bool again, struct err *err);

/* ---- sheet.c -------------------------------------------------------- */
struct files_sheet {
	struct files *f;
	enum files_kind kind;
	bool quiet;		/* nothing to quarantine: pull does that */
	const char *source;	/* the file, as it is shown */
	struct csv_row row;
	size_t width;		/* fields that a row must have */
	int at[FILES_COLUMNS];	/* field of each column; -1 = none */
	int field_at[FILES_FIELDS];	/* of .fields */
};
/* For each readable row.  False = stop, *err is set. */
typedef bool files_row_fn(void *arg, struct files_sheet *sheet,
    struct err *err);
/* For each row that is not; may be NULL. */
typedef void files_bad_fn(void *arg, const char *raw, size_t len);
struct files_reader {
	files_row_fn *row;
	files_bad_fn *bad;
	void *arg;
	bool quiet;
};
bool files_has(const struct files *f, enum files_kind kind);
NPS_MUSTCHECK bool files_read(struct files *f, enum files_kind kind,
    const struct files_reader *reader, struct err *err);
/* Opens every file of a table and looks for the columns. */
NPS_MUSTCHECK bool files_check(struct files *f, enum files_kind kind,
    struct err *err);
/* Names in dir that match, sorted, NULL-ended, in arena. */
NPS_MUSTCHECK bool files_list(const char *dir, const char *pattern,
    struct arena *arena, const char ***names, struct err *err);
void files_sort(const char **names, size_t n);
/* NULL when the column is not there or the cell is empty. */
const char *files_cell(const struct files_sheet *sheet, int column);
/* Quarantines the row: "column "X": expected ...". */
void files_bad_cell(struct files_sheet *sheet, int column,
    const char *expected);

/* ---- find.c, values.c, put.c, put_sheet.c --------------------------- */
/* Somebody whose row cannot be read is not emitted at all: neither known nor
 * gone. */
NPS_MUSTCHECK bool files_load_contacts(void *self, const char *const *ids,
    size_t n, crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool files_find_contact(void *self, const char *email,
    crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool files_list_values(void *self, enum value_kind kind,
    crm_value_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool files_put_tags(void *self,
    const struct crm_tag_write *writes, size_t n, struct put_result *results,
    struct err *err);
/* Puts a finished file "WHAT-DAY-HASH.csv" into out.dir, or nothing. */
NPS_MUSTCHECK bool files_put_sheet(const struct files *f, const char *what,
    const struct buf *content, char name[64], struct err *err);
/* The same, "WHAT-TIME-HASH.csv", which a later import may replace value by
 * value: names sort by age.  Nothing when the newest one says the same.
 * *there: it stands in out.dir, also after a failure. */
NPS_MUSTCHECK bool files_put_dated(const struct files *f, const char *what,
    const struct buf *content, char name[64], bool *there, struct err *err);
NPS_MUSTCHECK bool files_put_fields(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *err);
NPS_MUSTCHECK bool files_put_answer(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *err);
NPS_MUSTCHECK bool files_post_feed(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *err);
NPS_MUSTCHECK bool files_put_task(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *err);
/* For each row of two fields in the sheets that still lie in out.dir. */
typedef void files_lying_fn(void *arg, const char *key, const char *tag);
NPS_MUSTCHECK bool files_read_sheets(const struct files *f, const char *what,
    files_lying_fn *fn, void *arg, struct err *err);

#endif
