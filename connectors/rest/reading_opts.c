/*
 * reading_opts.c - the keys of a profile's reading side.
 */
#include <stdio.h>
#include <string.h>

#include "common/hole.h"
#include "reading.h"
#include "select.h"

#define STR(name_, def_, help_) \
	{ .name = #name_, .type = OPT_STR, .offset = AT(name_), .def = (def_), \
	    .help = (help_) }
#define TEMPLATE(name_, check_, help_) \
	{ .name = #name_, .type = OPT_STR, .offset = AT(name_), .def = "", \
	    .check = (check_), .help = (help_) }
/* Not given = unknown of every row. */
#define PATHS(name_, help_) \
	{ .name = #name_, .type = OPT_STRLIST, .offset = AT(name_), \
	    .def = "[]", .check = select_check, .help = (help_) }
#define BOOL(name_, def_, help_) \
	{ .name = #name_, .type = OPT_BOOL, .offset = AT(name_), \
	    .def = (def_), .help = (help_) }
#define INT(name_, def_, min_, max_, help_) \
	{ .name = #name_, .type = OPT_INT, .offset = AT(name_), .def = (def_), \
	    .min = (min_), .max = (max_), .help = (help_) }
#define GROUP(name_, sub_, help_) \
	{ .name = #name_, .type = OPT_GROUP, .offset = AT(name_), \
	    .sub = (sub_), .help = (help_) }
#define OPTIONAL(name_, sub_, help_) \
	{ .name = #name_, .type = OPT_GROUP, .offset = AT(name_), .def = "", \
	    .sub = (sub_), .help = (help_) }
#define LIST(name_, sub_, size_, help_) \
	{ .name = #name_, .type = OPT_GROUPLIST, .offset = AT(name_), \
	    .def = "()", .sub = (sub_), .size = (size_), .help = (help_) }
#define END { .name = NULL }

/* ---- events, activities ------------------------------------------------------------ */

#define AT(member) offsetof(struct rest_link, member)
static const struct opt link_opts[] = {
	OPTIONAL(request, rest_request_opts, "for each row, with {id} and "
	    "{row./path}"),
	OPTIONAL(batch, rest_request_opts, "for the rows of a page, with {ids}"),
	INT(batch_max, "100", 1, 1000, "ids in one request"),
	PATHS(key, "batch: the row that a row of the answer belongs to"),
	PATHS(contact, "the person, in a row of the answer"),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_event, member)
const struct opt rest_event_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .help = "stands in the cursor; never change it" },
	GROUP(read, rest_listing_opts, "how rows are got"),
	STR(trigger, "", "what all its rows are: meet, sale, loss, case ..."),
	PATHS(trigger_at, "or where a row says it; the words by `values`"),
	TEMPLATE(event_id, hole_check_text, "template of {row./path}; empty = "
	    "the row's id"),
	PATHS(contact, "the person; several with * or @keys"),
	OPTIONAL(link, link_opts, "or another request that says it"),
	BOOL(first_contact, "false", "only the first of several"),
	PATHS(category, "for filters"),
	PATHS(stage, "for filters"),
	PATHS(employee, "who held, sold, answered"),
	PATHS(occurred_at, "when it was"),
	PATHS(transition_at, "when it was closed"),
	PATHS(automatic, "closed by the CRM, not by a person"),
	REST_MAPS_ROWS(AT(maps)),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_activity, member)
const struct opt rest_activity_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .help = "stands in the cursor; never change it" },
	GROUP(read, rest_listing_opts, "how rows are got"),
	STR(kind, "", "what all its rows are: meeting, phone, mail, other"),
	PATHS(kind_at, "or where a row says it; the words by `values`"),
	PATHS(contact, "the person; several with * or @keys"),
	OPTIONAL(link, link_opts, "or another request that says it"),
	PATHS(day, "when it was, or will be"),
	PATHS(done, "it took place"),
	PATHS(cancelled, "it will not"),
	BOOL(done_default, "true", "of a row that does not say"),
	REST_MAPS_ROWS(AT(maps)),
	END
};
#undef AT

/* People open it, no request: what follows a "#" may be a template, too. */
static bool
check_card(const char *text, struct err *err)
{
	const char *fragment = strchr(text, '#');
	char base[1024];

	if (fragment == NULL)
		return hole_check_url(text, err);
	if ((size_t)(fragment - text) >= sizeof(base))
		return err_set(err, ERR_CONFIG, "expected at most 1023 bytes "
		    "before the #");
	(void)snprintf(base, sizeof(base), "%.*s", (int)(fragment - text), text);
	return hole_check_url(base, err) && hole_check_url(fragment + 1, err);
}

/* ---- contacts ------------------------------------------------------------------------ */

#define AT(member) offsetof(struct rest_extra, member)
static const struct opt extra_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .help = "as survey.fields calls it" },
	PATHS(at, "where the card holds it"),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_contact_fields, member)
static const struct opt fields_opts[] = {
	PATHS(moved_to, "the card that this one was merged into"),
	PATHS(gone, "it was deleted"),
	PATHS(anonymised, "the person was taken out of it"),
	PATHS(full_name, "name"),
	PATHS(first_name, "first name"),
	PATHS(last_name, "last name"),
	PATHS(email, "address"),
	PATHS(phone, "phone"),
	PATHS(mobile, "mobile phone"),
	PATHS(language, "da, sv-SE ..."),
	PATHS(country, "DK, SE ..."),
	PATHS(company_id, "the company's id"),
	PATHS(company, "its name"),
	PATHS(relation, "customer, partner ...; for filters"),
	PATHS(segment, "for filters"),
	PATHS(department, "of the person"),
	PATHS(owner_id, "account manager"),
	PATHS(owner_name, "account manager's name"),
	PATHS(owner_email, "account manager's address"),
	PATHS(link, "address of the card in the CRM"),
	TEMPLATE(card, check_card, "or its template, with {id}, {var.NAME} "
	    "and {row./path}"),
	PATHS(employed, "still works there"),
	PATHS(consent, "agreed to be asked"),
	PATHS(consent_at, "when"),
	PATHS(opted_out, "declined surveys or mail"),
	PATHS(tags, "texts, or ids that tag_names knows"),
	PATHS(company_tags, "of the company"),
	STR(tag_separator, "", "between tags that stand in one text"),
	LIST(extra, extra_opts, sizeof(struct rest_extra),
	    "further fields for survey.fields and why"),
	REST_MAPS_ROWS(AT(maps)),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_by_id, member)
static const struct opt by_id_opts[] = {
	GROUP(request, rest_request_opts, "with {id}, or {ids}"),
	INT(batch, "1", 1, 1000, "ids in one request; 1 = {id}"),
	PATHS(id, "in a row of the answer"),
	PATHS(at, "the record, where the answer is no list"),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_also, member)
static const struct opt also_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .help = "stands in the cursor; never change it" },
	GROUP(read, rest_listing_opts, "how rows are got"),
	PATHS(contact, "the card that counts as changed"),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_company, member)
static const struct opt company_opts[] = {
	OPTIONAL(by_id, by_id_opts, "companies by id"),
	PATHS(company, "its name"),
	PATHS(relation, "customer, partner ...; for filters"),
	PATHS(segment, "for filters"),
	PATHS(tags, "texts"),
	PATHS(owner_id, "account manager"),
	PATHS(owner_name, "account manager's name"),
	PATHS(owner_email, "account manager's address"),
	REST_MAPS_ROWS(AT(maps)),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_names, member)
const struct opt rest_names_opts[] = {
	GROUP(read, rest_listing_opts, "how rows are got"),
	PATHS(name, "what it is called"),
	END
};
#undef AT

#define AT(member) offsetof(struct rest_contacts, member)
const struct opt rest_contacts_opts[] = {
	OPTIONAL(read, rest_listing_opts, "cards, or those that changed"),
	GROUP(fields, fields_opts, "where a card holds what"),
	BOOL(load, "false", "rows of `read` hold ids only; facts by_id"),
	OPTIONAL(by_id, by_id_opts, "cards by id"),
	OPTIONAL(find, rest_request_opts, "cards by {email}"),
	LIST(also, also_opts, sizeof(struct rest_also),
	    "listings whose rows change a card without touching it"),
	GROUP(company, company_opts, "facts of companies, where a card holds "
	    "only the id"),
	OPTIONAL(tag_names, rest_names_opts, "names of tags that cards hold by "
	    "id"),
	END
};
#undef AT

/* ---- values ---------------------------------------------------------------------------- */

/* In the order of enum value_kind. */
static const char *const kinds[] = { "category", "relation", "stage", "owner",
	"tag", "field", NULL };

#define AT(member) offsetof(struct rest_values, member)
const struct opt rest_values_opts[] = {
	{ .name = "kind", .type = OPT_CHOICE, .offset = AT(kind),
	    .choices = kinds, .help = "what they are" },
	GROUP(read, rest_listing_opts, "how rows are got"),
	PATHS(label, "what people see"),
	PATHS(count, "how often it is used"),
	END
};
#undef AT
