/*
 * options.c - the options of the files connector, and nothing else.
 *
 * A column is the header's name, or "#3" for the third field.  With a '?'
 * behind it the file may lack it; "" = not used.
 */
#include "files.h"

const char *const files_kind_names[FILES_KINDS] = { "contacts", "companies",
	"activities", "deals", "cases", "tags", "company_tags" };

/* Both in the order of enum csv_charset. */
static const char *const charsets[] = { "utf-8", "windows-1252", "utf-16",
	"utf-16le", "utf-16be", NULL };
static const char *const out_charsets[] = { "utf-8", "windows-1252", NULL };
/* In the order of enum tri. */
static const char *const employed[] = { "unknown", "left", "employed", NULL };

#define TEXT(name, member, def, help) \
	{ name, OPT_STR, offsetof(struct files_table, member), def, 0, 0, \
	    NULL, NULL, 0, help, NULL }
#define COLUMN(name, number, def, help) TEXT(name, col[number], def, help)
#define WORDS(name, member, def, help) \
	{ name, OPT_STRLIST, offsetof(struct files_table, member), def, 0, 0, \
	    NULL, NULL, 0, help, NULL }
#define FLAG(name, member, def, help) \
	{ name, OPT_BOOL, offsetof(struct files_table, member), def, 0, 0, \
	    NULL, NULL, 0, help, NULL }
#define PATTERN TEXT("file", file, "", \
	"name or pattern in dir, all that match are read; \"\" = no such table")
#define END { .name = NULL }

static const struct opt contacts_opts[] = {
	PATTERN,
	COLUMN("id", CONTACT_ID, "contact_id", "key of the contact"),
	COLUMN("email", CONTACT_EMAIL, "email?", "address"),
	COLUMN("name", CONTACT_NAME, "name?", "whole name"),
	COLUMN("first_name", CONTACT_FIRST, "first_name?", "first names"),
	COLUMN("last_name", CONTACT_LAST, "last_name?", "last names"),
	COLUMN("phone", CONTACT_PHONE, "phone?", "direct number"),
	COLUMN("mobile", CONTACT_MOBILE, "mobile?", "mobile number"),
	COLUMN("language", CONTACT_LANGUAGE, "language?", "da, en-GB, ..."),
	COLUMN("country", CONTACT_COUNTRY, "country?",
	    "DK, SE, ...; else the company's"),
	COLUMN("company_id", CONTACT_COMPANY_ID, "company_id?",
	    "key into companies"),
	COLUMN("company", CONTACT_COMPANY, "company?",
	    "company's name; else the one in companies"),
	COLUMN("relation", CONTACT_RELATION, "relation?",
	    "else the company's"),
	COLUMN("segment", CONTACT_SEGMENT, "segment?", "else the company's"),
	COLUMN("department", CONTACT_DEPARTMENT, "department?",
	    "else the company's"),
	COLUMN("owner", CONTACT_OWNER, "owner?",
	    "account manager's key; else the company's"),
	COLUMN("owner_name", CONTACT_OWNER_NAME, "owner_name?",
	    "account manager"),
	COLUMN("owner_email", CONTACT_OWNER_EMAIL, "owner_email?",
	    "account manager's address"),
	COLUMN("employed", CONTACT_EMPLOYED, "employed?",
	    "words of yes and no"),
	COLUMN("consent", CONTACT_CONSENT, "consent?", "words of yes and no"),
	COLUMN("consent_date", CONTACT_CONSENT_DATE, "consent_date?",
	    "when it was given or taken back"),
	COLUMN("opted_out", CONTACT_OPTED_OUT, "opted_out?",
	    "words of yes and no: no surveys, no mail"),
	COLUMN("tags", CONTACT_TAGS, "tags?", "several in one cell"),
	TEXT("tag_separator", tag_separator, ",",
	    "between the tags of one cell"),
	{ "employed_default", OPT_CHOICE,
	    offsetof(struct files_table, employed_default), "unknown", 0, 0,
	    employed, NULL, 0, "where the cell is empty or not there", NULL },
	WORDS("fields", fields, "[]",
	    "further columns, for survey.fields and the like"),
	TEXT("email_template", email_template, "",
	    "tests and demos only: \"${id}@example.com\" where there is none"),
	END
};

static const struct opt companies_opts[] = {
	PATTERN,
	COLUMN("id", COMPANY_ID, "company_id", "key of the company"),
	COLUMN("name", COMPANY_NAME, "name?", "its name"),
	COLUMN("relation", COMPANY_RELATION, "relation?",
	    "customer, partner, ..."),
	COLUMN("segment", COMPANY_SEGMENT, "segment?", "its segment"),
	COLUMN("department", COMPANY_DEPARTMENT, "department?",
	    "our department that serves it"),
	COLUMN("country", COMPANY_COUNTRY, "country?", "DK, SE, ..."),
	COLUMN("owner", COMPANY_OWNER, "owner?", "account manager's key"),
	COLUMN("owner_name", COMPANY_OWNER_NAME, "owner_name?",
	    "account manager"),
	COLUMN("owner_email", COMPANY_OWNER_EMAIL, "owner_email?",
	    "account manager's address"),
	COLUMN("tags", COMPANY_TAGS, "tags?", "several in one cell"),
	TEXT("tag_separator", tag_separator, ",",
	    "between the tags of one cell"),
	END
};

static const struct opt activities_opts[] = {
	PATTERN,
	COLUMN("id", ACT_ID, "activity_id", "key of the activity"),
	COLUMN("contact", ACT_CONTACT, "contact_id",
	    "one row per participant"),
	COLUMN("kind", ACT_KIND, "kind?",
	    "meeting, phone or mail word; not there = all are meetings"),
	COLUMN("date", ACT_DATE, "date", "when it takes place"),
	COLUMN("status", ACT_STATUS, "status?",
	    "done, cancelled or planned word; not there = past is done"),
	COLUMN("employee", ACT_EMPLOYEE, "employee?", "who held it"),
	COLUMN("category", ACT_CATEGORY, "category?", "for the filters"),
	COLUMN("automatic", ACT_AUTOMATIC, "automatic?",
	    "words of yes and no: closed by the CRM itself"),
	WORDS("meeting", meeting,
	    "[\"meeting\", \"møde\", \"appointment\"]", "words of kind"),
	WORDS("phone", phone,
	    "[\"phone\", \"call\", \"telefon\", \"opkald\"]",
	    "words of kind"),
	WORDS("mail", mail, "[\"mail\", \"e-mail\", \"email\"]",
	    "words of kind"),
	WORDS("done", done, "[\"done\", \"held\", \"completed\", \"closed\", "
	    "\"afsluttet\", \"afholdt\", \"udført\"]",
	    "words of status"),
	WORDS("cancelled", cancelled,
	    "[\"cancelled\", \"canceled\", \"aflyst\", \"annulleret\"]",
	    "words of status"),
	WORDS("planned", planned, "[\"planned\", \"open\", \"planlagt\"]",
	    "words of status; with past_is_done never done by date"),
	FLAG("past_is_done", past_is_done, "false",
	    "done too: date in the past, neither cancelled nor planned"),
	END
};

static const struct opt deals_opts[] = {
	PATTERN,
	COLUMN("id", DEAL_ID, "deal_id", "key of the deal"),
	COLUMN("contact", DEAL_CONTACT, "contact_id",
	    "the contact named on the deal"),
	COLUMN("date", DEAL_DATE, "close_date", "when it was closed"),
	COLUMN("status", DEAL_STATUS, "status", "won or lost word"),
	COLUMN("employee", DEAL_EMPLOYEE, "employee?", "who sold"),
	COLUMN("category", DEAL_CATEGORY, "category?", "for the filters"),
	WORDS("won", won, "[\"won\", \"vundet\"]", "words of status"),
	WORDS("lost", lost, "[\"lost\", \"tabt\"]", "words of status"),
	END
};

static const struct opt cases_opts[] = {
	PATTERN,
	COLUMN("id", DEAL_ID, "case_id", "key of the case"),
	COLUMN("contact", DEAL_CONTACT, "contact_id", "who asked"),
	COLUMN("date", DEAL_DATE, "close_date", "when it was closed"),
	COLUMN("status", DEAL_STATUS, "status?",
	    "closed word; not there = closed once it has a date"),
	COLUMN("employee", DEAL_EMPLOYEE, "employee?", "who answered"),
	COLUMN("category", DEAL_CATEGORY, "category?", "for the filters"),
	WORDS("closed", closed, "[\"closed\", \"resolved\", \"lukket\", "
	    "\"afsluttet\"]", "words of status"),
	END
};

static const struct opt tags_opts[] = {
	PATTERN,
	COLUMN("contact", TAG_OF, "contact_id", "key of the contact"),
	COLUMN("tag", TAG_TEXT, "tag", "one tag, one row"),
	END
};

static const struct opt company_tags_opts[] = {
	PATTERN,
	COLUMN("company", TAG_OF, "company_id", "key of the company"),
	COLUMN("tag", TAG_TEXT, "tag", "one tag, one row"),
	END
};

const struct opt *const files_table_opts[FILES_KINDS] = { contacts_opts,
	companies_opts, activities_opts, deals_opts, cases_opts, tags_opts,
	company_tags_opts };

#define OUT(member) offsetof(struct files_out, member)
static const struct opt out_opts[] = {
	{ "dir", OPT_PATH, OUT(dir), "", 0, 0, NULL, NULL, 0,
	    "where import sheets are put; \"\" = tags are not written", NULL },
	{ "delimiter", OPT_STR, OUT(delimiter), ";", 0, 0, NULL, NULL, 0,
	    "one character, or \"tab\"", NULL },
	{ "charset", OPT_CHOICE, OUT(charset), "utf-8", 0, 0, out_charsets,
	    NULL, 0, "of the sheets", NULL },
	{ "bom", OPT_BOOL, OUT(bom), "false", 0, 0, NULL, NULL, 0,
	    "byte order mark in front, with utf-8", NULL },
	{ "contact_column", OPT_STR, OUT(contact_column),
	    "contact.contactkey", 0, 0, NULL, NULL, 0, "first header", NULL },
	{ "tag_column", OPT_STR, OUT(tag_column), "infotagcontact.text", 0, 0,
	    NULL, NULL, 0, "second header", NULL },
	{ "key", OPT_STR, OUT(key), "", 0, 0, NULL, NULL, 0,
	    "column of contacts for the first column; \"\" = its id", NULL },
	{ "remove_list", OPT_BOOL, OUT(remove_list), "true", 0, 0, NULL, NULL,
	    0, "list replaced tags in a second file", NULL },
	END
};

static const char *const auths[] = { "basic", "bearer", "header", NULL };
static const char *const takes[] = { "all", "last", NULL };
#define REMOTE(member) offsetof(struct files_remote, member)
static const struct opt remote_opts[] = {
	{ "user", OPT_STR, REMOTE(user), "", 0, 0, NULL, NULL, 0,
	    "name to log in; or before the host in source", NULL },
	{ "password", OPT_SECRET, REMOTE(password), "", 0, 0, NULL, NULL, 0,
	    "password; with https also a token or key, by auth", NULL },
	{ "key", OPT_SECRET, REMOTE(key), "", 0, 0, NULL, NULL, 0,
	    "sftp: private key, in place of the password", NULL },
	{ "key_password", OPT_SECRET, REMOTE(key_password), "", 0, 0, NULL,
	    NULL, 0, "of the private key", NULL },
	{ "known_hosts", OPT_PATH, REMOTE(known_hosts), "", 0, 0, NULL, NULL,
	    0, "sftp: file of host keys, as ssh keeps it; or:", NULL },
	{ "host_key", OPT_STR, REMOTE(host_key), "", 0, 0, NULL, NULL, 0,
	    "sftp: \"SHA256:...\", as ssh-keygen -l shows it", NULL },
	{ "auth", OPT_CHOICE, REMOTE(auth), "basic", 0, 0, auths, NULL, 0,
	    "https: how the password is shown", NULL },
	{ "header", OPT_STR, REMOTE(header), "X-Api-Key", 0, 0, NULL, NULL, 0,
	    "https: which header holds it, with auth = \"header\"", NULL },
	{ "quiet_s", OPT_INT, REMOTE(quiet_s), "60", 0, 86400, NULL, NULL, 0,
	    "what changed less than this ago is not read yet", NULL },
	END
};

#define SET(member) offsetof(struct files_settings, member)
#define GROUP(name, member, sub, help) \
	{ name, OPT_GROUP, SET(member), "", 0, 0, NULL, sub, 0, help, NULL }
const struct opt files_opts[] = {
	{ "dir", OPT_PATH, SET(dir), "", 0, 0, NULL, NULL, 0,
	    "folder of the exports; or:", NULL },
	{ "source", OPT_STR, SET(source), "", 0, 0, NULL, NULL, 0,
	    "their address: sftp://user@host/path/, https://, file:///", NULL },
	GROUP("remote", remote, remote_opts, "how source is talked to"),
	{ "archive", OPT_STR, SET(archive), "", 0, 0, NULL, NULL, 0,
	    "name or pattern of zip archives that hold the files", NULL },
	{ "take", OPT_CHOICE, SET(take), "all", 0, 0, takes, NULL, 0,
	    "of what a pattern matches: all, or the last by its name", NULL },
	{ "ready", OPT_STR, SET(ready), "", 0, 0, NULL, NULL, 0,
	    "a file that is written last: nothing is read without it", NULL },
	{ "max_mb", OPT_INT, SET(max_mb), "2048", 1, 1048576, NULL, NULL, 0,
	    "ceiling in MiB of all that is fetched and unpacked", NULL },
	{ "tmp_dir", OPT_PATH, SET(tmp_dir), "", 0, 0, NULL, NULL, 0,
	    "where that lies; empty: $TMPDIR, else /tmp", NULL },
	{ "charset", OPT_CHOICE, SET(charset), "utf-8", 0, 0, charsets, NULL,
	    0, "of the exports", NULL },
	{ "delimiter", OPT_STR, SET(delimiter), "auto", 0, 0, NULL, NULL, 0,
	    "one character, \"tab\", or \"auto\": by the first line", NULL },
	{ "quote", OPT_STR, SET(quote), "double", 0, 0, NULL, NULL, 0,
	    "one character, \"double\", \"single\" or \"none\"", NULL },
	{ "header", OPT_BOOL, SET(header), "true", 0, 0, NULL, NULL, 0,
	    "the first row names the columns", NULL },
	{ "date_format", OPT_STRLIST, SET(date_format), "[\"iso\"]", 0, 0,
	    NULL, NULL, 0, "tried in order: \"iso\", \"dd-MM-yyyy HH:mm\"", NULL },
	{ "timezone", OPT_STR, SET(timezone), "", 0, 0, NULL,
	    NULL, 0, "of dates without a zone, and of the days; empty: the tenant's",
	    NULL },
	{ "yes", OPT_STRLIST, SET(yes), "[\"1\", \"yes\", \"true\", \"ja\"]",
	    0, 0, NULL, NULL, 0, "words of yes", NULL },
	{ "no", OPT_STRLIST, SET(no), "[\"0\", \"no\", \"false\", \"nej\"]",
	    0, 0, NULL, NULL, 0, "words of no", NULL },
	{ "lookup_mb", OPT_INT, SET(lookup_mb), "64", 1, 4096, NULL, NULL, 0,
	    "ceiling for companies and tags, held in memory", NULL },
	GROUP("contacts", table[FILES_CONTACTS], contacts_opts, "people"),
	GROUP("companies", table[FILES_COMPANIES], companies_opts,
	    "facts that their contacts share"),
	GROUP("activities", table[FILES_ACTIVITIES], activities_opts,
	    "meetings, calls, mails"),
	GROUP("deals", table[FILES_DEALS], deals_opts, "won and lost"),
	GROUP("cases", table[FILES_CASES], cases_opts, "closed cases"),
	GROUP("tags", table[FILES_TAGS], tags_opts, "tags of contacts"),
	GROUP("company_tags", table[FILES_COMPANY_TAGS], company_tags_opts,
	    "tags of companies"),
	GROUP("out", out, out_opts, "import sheets"),
	END
};
