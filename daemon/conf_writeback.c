/*
 * writeback.fields and writeback.task: what the table of the group refers to.
 */
#include <stdio.h>
#include <strings.h>

#include "conf_load.h"

#define END { .name = NULL }

/* In the order of enum conf_value. */
static const char *const values[] = { "average_total", "average_30d",
	"recent_date", "recent_score", "recent_type", "recent_comment",
	"next_campaign", "next_date", "last_asked", "not_before",
	"asked_count", "opted_out", NULL };
static const char *const task_to[] = { "owner", "employee", NULL };

const struct opt conf_field_opts[] = {
	{ .name = "value", .type = OPT_CHOICE,
	    .offset = offsetof(struct conf_field, value), .choices = values,
	    .help = "what it shows" },
	{ .name = "field", .type = OPT_STR,
	    .offset = offsetof(struct conf_field, field),
	    .help = "the CRM's name of the field" },
	END
};

#define AT(member) offsetof(struct conf, writeback.task.member)
const struct opt conf_task_opts[] = {
	{ .name = "at_most", .type = OPT_INT, .offset = AT(at_most),
	    .def = "-1", .min = -1, .max = 10,
	    .help = "scores that lead to one, and who asks for it; -1 = none" },
	{ .name = "due_days", .type = OPT_INT, .offset = AT(due_days),
	    .def = "2", .min = 0, .max = 365,
	    .help = "working days until it is due" },
	{ .name = "to", .type = OPT_CHOICE, .offset = AT(to), .def = "owner",
	    .choices = task_to, .help = "account manager, or the employee of "
	    "the event; the other where there is none" },
	{ .name = "subject", .type = OPT_STR, .offset = AT(subject),
	    .def = "Follow up: NPS ${score}, ${campaign}",
	    .help = "its title; ${score} ${type} ${campaign}" },
	{ .name = "contact_subject", .type = OPT_STR,
	    .offset = AT(contact_subject),
	    .def = "Asks to be contacted: NPS ${score}, ${campaign}",
	    .help = "its title where the person asks for it" },
	END
};

bool
conf_check_writeback(const struct conf_load *l)
{
	const struct conf_field *f = l->conf->writeback.fields.v;
	const size_t n = l->conf->writeback.fields.n;
	char path[64];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "writeback.fields.[%zu].field",
		    i);
		if (*f[i].field == '\0')
			return conf_fail(l, path, "expected the name of a field "
			    "of the CRM");
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(f[i].field, f[k].field) == 0)
				return conf_fail(l, path, "expected each field "
				    "once; got \"%.80s\" again", f[i].field);
	}
	return true;
}
